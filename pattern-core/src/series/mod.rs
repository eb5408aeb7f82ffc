//! Samples over time: the grid of buckets that analyses look at, the window that suits the data, and the blocks that
//! closed days are kept in.

pub mod blocks;
pub mod frame;
pub mod grid;
pub mod pairs;
