//! The order in which the rules of a listener are tried.

use super::{
    super::{
        document::{Document, Resource},
        report::{Found, Report},
        value::Value,
    },
    identity::alike,
};

const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";

/// The most characters that a host or a path of a rule may have.
const LONGEST: usize = 128;

/// `listener-order`: a rule that gets no request, because one that is tried before it takes all that it asks for.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for [one, other] in alike(document, RULE, &["ListenerArn"]) {
        check_pair(document, one, other, report);
        check_pair(document, other, one, report);
    }
}

/// Whether `first` leaves anything to `second`.
fn check_pair<'t>(
    document: &'t Document<'t>,
    first: &Resource<'t>,
    second: &Resource<'t>,
    report: &mut Report<'t>,
) {
    // A rule that is there at times, such as one for maintenance, may well take everything then.
    if first.condition.is_some() && first.condition != second.condition {
        return;
    }
    let hides = |[one, other]: &[Value<'t>; 2]| {
        let arns = one.get("ListenerArn").zip(other.get("ListenerArn"));
        let priority = |it: &Value<'t>| it.get("Priority").and_then(|it| it.integer());
        let is_before = priority(one).zip(priority(other)).is_some_and(|(one, other)| one < other);
        is_before && arns.is_some_and(|(one, other)| one.is_same(&other)) && takes_all_of(one, other)
    };
    let views = document.together([first, second]);
    if let Some([one, other]) = views.first()
        && views.iter().all(hides)
        && let (Some(before), Some(priority)) = (one.get("Priority"), other.get("Priority"))
    {
        let message =
            format!("no request comes to this rule: `{}` is tried before it, and takes them all", first.id);
        let found = Found::warning("listener-order", priority, message);
        report.add(found.help("give it the lower number of the two").and(before, "tried before"));
    }
}

/// Whether each request that `other` asks for is one for `rule`.
fn takes_all_of(rule: &Value<'_>, other: &Value<'_>) -> bool {
    let conditions = |it: &Value<'_>| -> Option<Vec<Option<Condition>>> {
        let items = it.get("Conditions")?.known_items()?;
        Some(items.iter().map(Condition::read).collect())
    };
    let (Some(conditions), Some(others)) = (conditions(rule), conditions(other)) else { return false };
    !conditions.is_empty()
        && conditions.iter().all(|it| {
            it.as_ref().is_some_and(|it| {
                it.is_always_met() || others.iter().flatten().any(|other| it.is_met_by_all_of(other))
            })
        })
}

/// What a rule says of the host or of the path: that it is like one of some patterns.
struct Condition {
    field: &'static str,
    patterns: Vec<String>,
}

impl Condition {
    /// Nothing, for what is said of anything else, and for what only the deployment knows.
    fn read(value: &Value<'_>) -> Option<Self> {
        let (field, config) = match &*value.get("Field")?.text()? {
            "host-header" => ("host-header", "HostHeaderConfig"),
            "path-pattern" => ("path-pattern", "PathPatternConfig"),
            _ => return None,
        };
        let values = value.at(&[config, "Values"]).or_else(|| value.get("Values"))?.known_items()?;
        let pattern = |it: &Value<'_>| {
            let text = it.text()?;
            // Hosts are compared without regard to case.
            let text = if field == "host-header" { text.to_ascii_lowercase() } else { text.into_owned() };
            (text.len() <= LONGEST).then_some(text)
        };
        let patterns = values.iter().map(pattern).collect::<Option<Vec<_>>>()?;
        (!patterns.is_empty()).then_some(Self { field, patterns })
    }

    fn is_always_met(&self) -> bool {
        let is_any = |it: &String| it == "*" || self.field == "path-pattern" && it == "/*";
        self.patterns.iter().any(is_any)
    }

    fn is_met_by_all_of(&self, other: &Self) -> bool {
        let is_met = |it: &String| self.patterns.iter().any(|wide| takes(wide.as_bytes(), it.as_bytes()));
        self.field == other.field && other.patterns.iter().all(is_met)
    }
}

/// Whether the pattern `wide` matches all that `narrow` does.
fn takes(wide: &[u8], narrow: &[u8]) -> bool {
    // Whether what is left of `wide` takes `narrow` from each place on; at first nothing is left.
    let mut row = vec![false; narrow.len() + 1];
    row[narrow.len()] = true;
    for letter in wide.iter().rev() {
        let mut next = vec![false; narrow.len() + 1];
        for at in (0..=narrow.len()).rev() {
            next[at] = match (letter, narrow.get(at)) {
                (b'*', None) => row[at],
                (b'*', Some(_)) => row[at] || next[at + 1],
                (b'?', Some(other)) => *other != b'*' && row[at + 1],
                (letter, Some(other)) => letter == other && row[at + 1],
                (_, None) => false,
            };
        }
        row = next;
    }
    row[0]
}

#[cfg(test)]
mod tests {
    use super::{super::super::testing::check, takes};

    /// The rules of a listener, each with its priority and its conditions.
    fn rules(rules: &[(&str, &str)]) -> String {
        let rule = |(at, (head, conditions)): (usize, &(&str, &str))| {
            format!(
                "  R{at}: {{Type: AWS::ElasticLoadBalancingV2::ListenerRule, {head}, ListenerArn: !Ref L, Conditions: [{conditions}]}}}}\n"
            )
        };
        let rules: Vec<String> = rules.iter().enumerate().map(rule).collect();
        let template = format!(
            "Conditions: {{Maintenance: !Equals [!Ref AWS::Region, us-east-1]}}\nResources:\n  \
             L: {{Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {{Port: 80}}}}\n{}",
            rules.concat()
        );
        check(super::check, &template)
    }

    const ALL: &str = "{Field: path-pattern, PathPatternConfig: {Values: [/*]}}";
    const API: &str = "{Field: path-pattern, PathPatternConfig: {Values: [/api/*]}}";
    const API_OF_SHOP: &str = "{Field: path-pattern, Values: [/api/v1, /api/v2/*]}, {Field: host-header, Values: [Shop.example.com]}";
    const SHOPS: &str = "{Field: host-header, Values: ['*.EXAMPLE.com']}";
    const BETA: &str = "{Field: http-header, HttpHeaderConfig: {HttpHeaderName: x-beta, Values: ['1']}}";

    #[track_caller]
    fn check_hidden(first: &str, second: &str, is_hidden: bool) {
        let found = rules(&[("Properties: {Priority: 20", second), ("Properties: {Priority: 3", first)]);
        let expected = "no request comes to this rule: `R1` is tried before it, and takes them all";
        assert_eq!(found.contains(expected), is_hidden, "{found}");
        assert_eq!(found.lines().count(), if is_hidden { 2 } else { 0 }, "{found}");
    }

    #[test]
    fn a_rule_that_gets_nothing() {
        let expected = "\
warning listener-order Resources/R1/Properties/Priority 5:80: no request comes to this rule: `R0` is tried before it, and takes them all
  give it the lower number of the two
";
        assert_eq!(rules(&[("Properties: {Priority: 1", ALL), ("Properties: {Priority: 2", API)]), expected);
        check_hidden(ALL, BETA, true);
        check_hidden(API, API_OF_SHOP, true);
        check_hidden(SHOPS, API_OF_SHOP, true);
        check_hidden(SHOPS, SHOPS, true);
    }

    #[test]
    fn a_rule_that_gets_something() {
        check_hidden(API, ALL, false);
        check_hidden(API_OF_SHOP, API, false);
        check_hidden(&format!("{ALL}, {BETA}"), API, false);
        check_hidden("{Field: path-pattern, Values: [!Ref P]}", API, false);
        // As two target groups have it, between which a service is deployed.
        check_hidden(&format!("{API}, {BETA}"), API, false);
    }

    #[test]
    fn a_rule_for_some_times_may_take_everything() {
        let at_times = "Condition: Maintenance, Properties: {Priority: 1";
        assert_eq!(rules(&[(at_times, ALL), ("Properties: {Priority: 2", API)]), "");
        let of_both = "Condition: Maintenance, Properties: {Priority: 2";
        assert_ne!(rules(&[(at_times, ALL), (of_both, API)]), "");
    }

    #[test]
    fn patterns_are_compared() {
        for (wide, narrow) in [
            ("/a*", "/a/*"),
            ("*", "?*"),
            ("/?", "/a"),
            ("/?", "/?"),
            ("a*b*c", "axbc"),
            ("a*", "a"),
            ("", ""),
        ] {
            assert!(takes(wide.as_bytes(), narrow.as_bytes()), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("/a/*", "/a*"),
            ("/?", "/*"),
            ("/a", "/?"),
            ("a*b*c", "acb"),
            ("a", ""),
            ("", "a"),
            ("/a/*", "/a"),
        ] {
            assert!(!takes(wide.as_bytes(), narrow.as_bytes()), "{wide} {narrow}");
        }
    }
}
