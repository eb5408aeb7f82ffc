mod bytes;
mod folders;
mod qualities;
mod shapes;
mod support;
mod times;
mod values;
