//! What a published review says to programs: what it is of, its verdict, and the fingerprint of the plan.
//!
//! Who looks for a review finds it by its first line, and a deployment reads there what was approved: these lines change
//! only with an entry in the changelog.

/// What a review is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The app.
    pub app: String,
    /// Its environment, if it has any.
    pub environment: Option<String>,
    /// The stacks that were chosen; none, if all are meant.
    pub stacks: Vec<String>,
}

/// What a published review says to programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is of.
    pub about: About,
    /// What it came to, in a line.
    pub verdict: String,
    /// The fingerprint of what is to be done; nothing, if nothing is.
    pub fingerprint: Option<String>,
}

const START: &str = "asi review ";
const VERDICT: &str = "verdict ";
const FINGERPRINT: &str = "fingerprint ";

impl About {
    /// `asi review app=shop environment=prod`
    pub fn line(&self) -> String {
        let mut line = format!("{START}app={}", encoded(&self.app));
        line.extend(self.environment.iter().map(|it| format!(" environment={}", encoded(it))));
        if !self.stacks.is_empty() {
            let stacks: Vec<String> = self.stacks.iter().map(|it| encoded(it)).collect();
            line.push_str(&format!(" stacks={}", stacks.join(",")));
        }
        line
    }

    fn read(line: &str) -> Option<Self> {
        let mut about = Self::default();
        for word in line.strip_prefix(START)?.split(' ') {
            match word.split_once('=')? {
                ("app", it) => about.app = decoded(it),
                ("environment", it) => about.environment = Some(decoded(it)),
                ("stacks", it) => about.stacks = it.split(',').map(decoded).collect(),
                _ => return None,
            }
        }
        Some(about)
    }
}

impl Record {
    /// The lines that stand for it.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.about.line(), format!("{VERDICT}{}", self.verdict)];
        lines.extend(self.fingerprint.iter().map(|it| format!("{FINGERPRINT}{it}")));
        lines
    }

    /// Reads it from such lines.
    pub fn read(lines: &[&str]) -> Option<Self> {
        let (first, rest) = lines.split_first()?;
        let after = |start: &str| rest.iter().find_map(|it| it.strip_prefix(start)).map(str::to_owned);
        let verdict = after(VERDICT).unwrap_or_default();
        Some(Self { about: About::read(first)?, verdict, fingerprint: after(FINGERPRINT) })
    }
}

/// A name as a word, without two hyphens in a row, which end a comment of HTML.
fn encoded(name: &str) -> String {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"._/".contains(&it);
    let mut word = String::new();
    for it in name.bytes() {
        if is_plain(it) || it == b'-' && !word.ends_with('-') {
            word.push(char::from(it));
        } else {
            word.push_str(&format!("%{it:02X}"));
        }
    }
    word
}

fn decoded(word: &str) -> String {
    let mut parts = word.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) => bytes.extend(std::iter::once(byte).chain(part.bytes().skip(2))),
            None => bytes.extend(part.bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_read_again() {
        let about = About {
            app: "a--b c".to_owned(),
            environment: Some("prod".to_owned()),
            stacks: vec!["x,y".to_owned(), "é".to_owned()],
        };
        let record = Record {
            about,
            verdict: "asi: prod — 1 danger".to_owned(),
            fingerprint: Some("00ff".to_owned()),
        };
        let lines = record.lines();
        assert_eq!(lines[0], "asi review app=a-%2Db%20c environment=prod stacks=x%2Cy,%C3%A9");
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(Record::read(&lines), Some(record));
    }

    #[test]
    fn what_is_no_review_is_not_read_as_one() {
        for line in
            ["", "asi review", "asi review shop", "asi review app=shop owner=me", "another tool app=shop"]
        {
            assert_eq!(Record::read(&[line]), None, "{line}");
        }
        assert!(Record::read(&["asi review app=100%"]).is_some());
    }
}
