//! Faults as test results in the XML that Ant's task for JUnit began and CI servers read.

use std::fmt::Write as _;

use super::{Level, Remark};

/// What was found in one file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The file's name.
    pub name: String,
    /// What is wrong with it.
    pub remarks: Vec<Remark>,
    /// What is wrong and does not count, each with the reason.
    pub skipped: Vec<(Remark, String)>,
}

/// A test suite for each file, and in it a test case for each fault; one that passes, if there is none.
pub fn junit(suites: &[Suite]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let tests: usize = suites.iter().map(tests).sum();
    let failures: usize = suites.iter().map(|it| it.remarks.len()).sum();
    let skipped: usize = suites.iter().map(|it| it.skipped.len()).sum();
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"");
    writeln!(out, "<testsuites name=\"asi validate\" {counts}>").expect("a String takes all writes");
    suites.iter().for_each(|it| suite(it, &mut out));
    out.push_str("</testsuites>\n");
    out
}

fn tests(suite: &Suite) -> usize {
    (suite.remarks.len() + suite.skipped.len()).max(1)
}

fn suite(it: &Suite, out: &mut String) {
    let name = escaped(&it.name);
    let (tests, failures, skipped) = (tests(it), it.remarks.len(), it.skipped.len());
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"");
    out.push_str(&format!("  <testsuite name=\"{name}\" {counts}>\n"));
    if it.remarks.is_empty() && it.skipped.is_empty() {
        out.push_str(&format!("    <testcase name=\"asi validate\" classname=\"{name}\"/>\n"));
    }
    for remark in &it.remarks {
        let kind = match remark.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "info",
        };
        let (line, column) = remark.start;
        let help = remark.help.as_ref().map(|it| format!("\nhelp: {it}")).unwrap_or_default();
        let text = format!("{}:{line}:{column}: {}{help}", remark.file, remark.message);
        out.push_str(&format!(
            "    {}\n      <failure type=\"{kind}\" message=\"{}\">{}</failure>\n    </testcase>\n",
            case(remark, &name),
            escaped(&remark.message),
            escaped(&text),
        ));
    }
    for (remark, reason) in &it.skipped {
        let skipped = format!("<skipped message=\"{}\"/>", escaped(reason));
        out.push_str(&format!("    {}\n      {skipped}\n    </testcase>\n", case(remark, &name)));
    }
    out.push_str("  </testsuite>\n");
}

/// The beginning of a test case; its name tells two faults of one kind apart.
fn case(remark: &Remark, class: &str) -> String {
    let (line, column) = remark.start;
    format!("<testcase name=\"{} at {line}:{column}\" classname=\"{class}\">", escaped(remark.code))
}

/// Text without what ends a text or an attribute, and without what XML has no form for at all.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A reader makes spaces of these in an attribute.
            '\n' | '\t' | '\r' => out.push_str(&format!("&#{};", u32::from(c))),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_a_suite_and_each_fault_a_case() {
        let remark = Remark {
            level: Level::Error,
            code: "E3002",
            message: "there is no property `a\u{1}<b>`".to_owned(),
            help: Some("did you mean \"b\" & co?".to_owned()),
            file: "a.yaml".to_owned(),
            start: (3, 5),
            end: (3, 9),
        };
        let suites = [
            Suite {
                name: "a.yaml".to_owned(),
                remarks: vec![remark.clone()],
                skipped: vec![(remark, "we know".to_owned())],
            },
            Suite { name: "b.yaml".to_owned(), remarks: Vec::new(), skipped: Vec::new() },
        ];
        let expected = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"asi validate\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\">
  <testsuite name=\"a.yaml\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\">
    <testcase name=\"E3002 at 3:5\" classname=\"a.yaml\">
      <failure type=\"error\" message=\"there is no property `a\u{fffd}&lt;b&gt;`\">a.yaml:3:5: there is no \
property `a\u{fffd}&lt;b&gt;`&#10;help: did you mean &quot;b&quot; &amp; co?</failure>
    </testcase>
    <testcase name=\"E3002 at 3:5\" classname=\"a.yaml\">
      <skipped message=\"we know\"/>
    </testcase>
  </testsuite>
  <testsuite name=\"b.yaml\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">
    <testcase name=\"asi validate\" classname=\"b.yaml\"/>
  </testsuite>
</testsuites>
";
        assert_eq!(junit(&suites), expected);
    }
}
