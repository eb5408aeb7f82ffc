mod blocks;
mod frame;
mod grid;
mod support;
