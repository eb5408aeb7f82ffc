mod bytes;
mod folders;
mod formats;
mod qualities;
mod shapes;
mod support;
mod times;
mod values;
