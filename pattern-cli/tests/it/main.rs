mod import;
mod import_command;
