//! Which points are of one machine by their names, folders and devices, and what the machine is called.

mod edges;
mod equipment_name;
mod folders;
mod look_alikes;
mod runs;
mod shared_numbers;

pub use edges::name_edges;
pub use equipment_name::equipment_names;
pub use look_alikes::{look_alikes, templates};
