mod datapoints;
mod support;
