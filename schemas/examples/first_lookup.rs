//! Prints the size of the pack in bytes, and how many microseconds the first look-up of a process takes and the next.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it is a measurement, and no part of the library"
)]

use std::time::Instant;

fn main() {
    let microseconds = |type_name| {
        let start = Instant::now();
        let schema = asi_schemas::find(type_name).expect("there is such a type");
        std::hint::black_box(schema);
        start.elapsed().as_secs_f64() * 1e6
    };
    let (first, next) = (microseconds("AWS::ECS::Service"), microseconds("AWS::S3::Bucket"));
    println!("{} {first:.0} {next:.0}", include_bytes!("../pack.bin").len());
}
