mod architecture;
mod demo;
mod import;
mod import_command;
mod licences;
mod page;
mod program;
mod up;
