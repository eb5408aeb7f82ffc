mod import;
mod import_command;
mod licences;
mod up;
