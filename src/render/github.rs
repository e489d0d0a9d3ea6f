//! Faults as GitHub's runners read them from the log of a job, to show them at their lines.

use super::{Level, Remark};

/// How many annotations of one kind GitHub takes from a step; it drops the others without a word.
const MOST: usize = 10;

/// A command for each fault, and a closing notice where GitHub takes no more.
pub fn github(remarks: &[Remark]) -> String {
    let mut out = String::new();
    let mut dropped = 0;
    for level in [Level::Error, Level::Warning, Level::Info] {
        let of_level = || remarks.iter().filter(|it| it.level == level);
        // The closing notice is one of the notices.
        let most = if level == Level::Info { MOST - 1 } else { MOST };
        out.extend(of_level().take(most).map(annotation));
        dropped += of_level().count().saturating_sub(most);
    }
    if dropped > 0 {
        let title = format!("{dropped} more");
        out.push_str(&format!(
            "::notice title={title}::GitHub shows {MOST} annotations of a kind; {dropped} more findings have no room\n"
        ));
    }
    out
}

fn annotation(it: &Remark) -> String {
    let command = match it.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "notice",
    };
    let ((line, column), (end_line, end_column)) = (it.start, it.end);
    // A column means something to GitHub only within one line.
    let columns =
        if line == end_line { format!(",col={column},endColumn={end_column}") } else { String::new() };
    let help = it.help.as_ref().map(|it| format!("\nhelp: {it}")).unwrap_or_default();
    format!(
        "::{command} file={},line={line},endLine={end_line}{columns},title={}::{}\n",
        property(&it.file),
        property(it.code),
        data(&format!("{}{help}", it.message)),
    )
}

/// Text after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which ends at `,` or `:`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remark(level: Level) -> Remark {
        Remark {
            level,
            code: "E3002",
            message: "50% of `a`, b:\nc".to_owned(),
            help: Some("remove it".to_owned()),
            file: "a,b:c.yaml".to_owned(),
            start: (3, 5),
            end: (3, 9),
        }
    }

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(
            github(&[remark(Level::Error)]),
            "::error file=a%2Cb%3Ac.yaml,line=3,endLine=3,col=5,endColumn=9,title=E3002::\
             50%25 of `a`, b:%0Ac%0Ahelp: remove it\n"
        );
    }

    #[test]
    fn columns_are_left_out_over_several_lines() {
        let long = Remark { end: (4, 1), file: "a.yaml".to_owned(), help: None, ..remark(Level::Warning) };
        assert_eq!(
            github(&[long]),
            "::warning file=a.yaml,line=3,endLine=4,title=E3002::50%25 of `a`, b:%0Ac\n"
        );
    }

    #[test]
    fn what_github_would_drop_is_counted() {
        let many: Vec<Remark> =
            [Level::Error, Level::Info].iter().flat_map(|it| vec![remark(*it); 12]).collect();
        let text = github(&many);
        assert_eq!(text.matches("::error ").count(), 10);
        assert_eq!(text.matches("::notice ").count(), 10, "9 and the closing one");
        let last =
            "::notice title=5 more::GitHub shows 10 annotations of a kind; 5 more findings have no room\n";
        assert!(text.ends_with(last), "{text}");
    }
}
