//! Transcripts of what the program prints, without what differs from run to run.

/// The transcript with one time for all, and `…` for what CloudFormation and services make up.
pub(crate) fn redact(transcript: &str) -> String {
    transcript.lines().flat_map(|line| [at_one_time(&without_made_up(line)), "\n".to_owned()]).collect()
}

/// What a terminal shows in the end of a text that draws over itself, as the table of what is under way does.
pub(crate) fn screen(text: &str) -> String {
    const UP: &str = "\x1b[";
    let mut shown = String::new();
    for (at, part) in text.replace("\x1b[?7l", "").replace("\x1b[?7h", "").split(UP).enumerate() {
        let wiped = part.strip_suffix('A').and_then(|it| it.parse::<usize>().ok());
        match wiped {
            Some(lines) => {
                let kept = shown.lines().count() - lines;
                shown = shown.split_inclusive('\n').take(kept).map(str::to_owned).collect();
            }
            None if at == 0 => shown += part,
            None => shown += part.strip_prefix('J').unwrap_or_else(|| panic!("a terminal is told `{part}`")),
        }
    }
    shown
}

/// A line with another time of day, and another duration.
fn at_one_time(line: &str) -> String {
    const TOOK: &str = " is deployed, in ";
    let is_time = |it: &str| {
        it.len() == 8
            && it.bytes().enumerate().all(|(at, it)| it == b':' || it.is_ascii_digit() && at % 3 < 2)
    };
    match line.strip_prefix("  ").and_then(|it| it.split_once("  ")) {
        Some((time, rest)) if is_time(time) => format!("  00:00:00  {rest}"),
        _ => line.find(TOOK).map_or_else(|| line.to_owned(), |at| format!("{}{TOOK}0 s", &line[..at])),
    }
}

/// A line of an output without what is made up: all that follows the name of its stack in a name, and ids.
fn without_made_up(line: &str) -> String {
    let Some((key, value)) = line.split_once(" = ") else { return line.to_owned() };
    let Some((stack, _)) = key.split_once('.').filter(|_| !key.contains(' ')) else { return line.to_owned() };
    let begin = [format!("{stack}-"), "vpc-".to_owned(), "subnet-".to_owned()];
    let value = begin.iter().fold(value.to_owned(), |value, begin| {
        let mut parts = value.split(begin.as_str());
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |known, part| {
            let rest = part.find(['.', '/', ':', ',']).map_or("", |it| &part[it..]);
            format!("{known}{begin}…{rest}")
        })
    });
    format!("{key} = {value}")
}

#[test]
fn what_differs_between_runs_is_left_out_and_nothing_else() {
    let transcript = "\
$ asi deploy
  12:34:56  shop  1/2  CREATE_COMPLETE  AWS::SQS::Queue  Jobs  asi.yaml:3:1
`shop` is deployed, in 1 min 4 s
shop.Url = http://shop-LB-1A2B.eu-west-1.elb.amazonaws.com
shop.Subnets = subnet-0a1b,subnet-2c3d
shop.Name = shop
  the name = shop-1
";
    let expected = "\
$ asi deploy
  00:00:00  shop  1/2  CREATE_COMPLETE  AWS::SQS::Queue  Jobs  asi.yaml:3:1
`shop` is deployed, in 0 s
shop.Url = http://shop-….eu-west-1.elb.amazonaws.com
shop.Subnets = subnet-…,subnet-…
shop.Name = shop
  the name = shop-1
";
    assert_eq!(redact(transcript), expected);
}

#[test]
fn what_is_drawn_over_is_not_seen() {
    assert_eq!(screen("a\n\x1b[?7lb\nc\n\x1b[?7h\x1b[2A\x1b[Jd\n"), "a\nd\n");
}
