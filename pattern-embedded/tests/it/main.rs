mod data_dir;
mod kafka;
mod memory;
mod parent;
mod postgres;
