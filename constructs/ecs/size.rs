//! The sizes of task that Fargate sells: pairs of CPU and memory.

use crate::kernel::prelude::*;

/// For so many CPU units, memory from the first to the second amount in steps of the third, all in MiB.
struct Row(u32, u32, u32, u32);

/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size>
///
/// The amounts for 256 units double instead, which [`Row::memories`] knows.
const TABLE: &[Row] = &[
    Row(256, 512, 2 * 1024, 512),
    Row(512, 1024, 4 * 1024, 1024),
    Row(1024, 2 * 1024, 8 * 1024, 1024),
    Row(2048, 4 * 1024, 16 * 1024, 1024),
    Row(4096, 8 * 1024, 30 * 1024, 1024),
    Row(8192, 16 * 1024, 60 * 1024, 4 * 1024),
    Row(16384, 32 * 1024, 120 * 1024, 8 * 1024),
];

impl Row {
    /// The memory that may go with it, the least first.
    fn memories(&self) -> impl DoubleEndedIterator<Item = Mebibytes> {
        let Self(cpu, least, most, step) = *self;
        let sold = move |it: &u32| cpu != 256 || it.is_power_of_two();
        (least..=most).step_by(step as usize).filter(sold).collect::<Vec<_>>().into_iter().map(Mebibytes)
    }

    /// The least memory that is `wanted` or more.
    fn at_least(&self, wanted: Mebibytes) -> Option<Mebibytes> {
        self.memories().find(|it| *it >= wanted)
    }

    /// The most memory that is `wanted` or less.
    fn at_most(&self, wanted: Mebibytes) -> Option<Mebibytes> {
        self.memories().rev().find(|it| *it <= wanted)
    }
}

/// The memory of a task with `cpu` units: what is asked for, or else the least there is.
///
/// # Errors
///
/// A [`Diagnostic`] if Fargate sells no such pair.
pub(super) fn memory(cpu: Spanned<u32>, memory: Option<Spanned<Mebibytes>>) -> Result<Mebibytes, Diagnostic> {
    let Some(at) = TABLE.iter().position(|it| it.0 == cpu.value) else {
        return Err(Diagnostic::error(
            "fargate-cpu",
            format!("Fargate has no size with {} CPU units", cpu.value),
        )
        .at(cpu.span)
        .help("use 256, 512, 1024, 2048, 4096, 8192 or 16384; 1024 are one virtual CPU"));
    };
    let row = &TABLE[at];
    let Some(wanted) = memory else { return Ok(row.memories().next().expect("each row has memory")) };
    match row.at_least(wanted.value) {
        Some(found) if found == wanted.value => Ok(found),
        above => Err(no_such_pair(cpu, wanted, at, above)),
    }
}

/// Offers the two sizes next to one that is not sold: with the same CPU, and with more or less of it.
fn no_such_pair(
    cpu: Spanned<u32>,
    wanted: Spanned<Mebibytes>,
    at: usize,
    above: Option<Mebibytes>,
) -> Diagnostic {
    let row = &TABLE[at];
    let first = row.at_most(wanted.value).or(above).map(|it| (row.0, it));
    let second = match (row.at_most(wanted.value), above) {
        (Some(_), Some(above)) => Some((row.0, above)),
        (Some(_), None) => TABLE[at..].iter().find_map(|it| Some((it.0, it.at_least(wanted.value)?))),
        (None, _) => TABLE[..at].iter().rev().find_map(|it| Some((it.0, it.at_least(wanted.value)?))),
    };
    let pairs: Vec<String> =
        first.into_iter().chain(second).map(|(cpu, it)| format!("`cpu: {cpu}, memory: {it}`")).collect();
    let message = format!("Fargate has no size with {} CPU units and {} of memory", cpu.value, wanted.value);
    Diagnostic::error("fargate-size", message)
        .label(wanted.span, format!("not sold with {} CPU units", cpu.value))
        .label(cpu.span, "")
        .help(format!("use {}", pairs.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cpu: u32, mebibytes: u32, expected: Result<u32, &str>) {
        let result = memory(cpu.into(), Some(Mebibytes(mebibytes).into()));
        assert_eq!(
            result.map(|it| it.0).map_err(|it| it.help.unwrap_or_default()),
            expected.map_err(str::to_owned)
        );
    }

    #[test]
    fn knows_what_is_sold() {
        let count = |cpu: u32| TABLE.iter().find(|it| it.0 == cpu).map_or(0, |it| it.memories().count());
        assert_eq!([256, 512, 1024, 2048, 4096, 8192, 16384].map(count), [3, 4, 7, 13, 23, 12, 12]);
        check(256, 2048, Ok(2048));
        check(8192, 20480, Ok(20480));
    }

    #[test]
    fn takes_the_least_memory_if_none_is_asked_for() {
        assert_eq!(memory(1024.into(), None).map(|it| it.0), Ok(2048));
    }

    #[test]
    fn offers_the_sizes_next_to_one_that_is_not_sold() {
        check(256, 1536, Err("use `cpu: 256, memory: 1GB` or `cpu: 256, memory: 2GB`"));
        check(256, 4096, Err("use `cpu: 256, memory: 2GB` or `cpu: 512, memory: 4GB`"));
        check(1024, 512, Err("use `cpu: 1024, memory: 2GB` or `cpu: 512, memory: 1GB`"));
        check(8192, 18 * 1024, Err("use `cpu: 8192, memory: 16GB` or `cpu: 8192, memory: 20GB`"));
        check(256, 256, Err("use `cpu: 256, memory: 512MB`"));
        check(16384, 200 * 1024, Err("use `cpu: 16384, memory: 120GB`"));
    }

    #[test]
    fn points_at_both_halves_of_a_size() {
        let web = "n: {type: Network}\nweb: {type: FargateService, network: n, image: 'a:1', port: 80, ";
        let faults = |size: &str| crate::testing::stack(&format!("{web}{size}}}")).faults();
        assert_eq!(
            faults("cpu: 256, memory: 4GB"),
            ["fargate-size at `4GB`: Fargate has no size with 256 CPU units and 4GB of memory"]
        );
        assert_eq!(faults("cpu: 300"), ["fargate-cpu at `300`: Fargate has no size with 300 CPU units"]);
        assert_eq!(
            faults("memory: 4GB"),
            ["fargate-size at `4GB`: Fargate has no size with 256 CPU units and 4GB of memory"]
        );
    }
}
