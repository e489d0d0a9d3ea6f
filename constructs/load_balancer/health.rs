//! How the load balancer tells which tasks are well.

use crate::kernel::prelude::*;

properties! {
    /// How the load balancer tells which tasks are healthy.
    pub struct Health from path {
        /// The path it asks for.
        path: Text = "/",
        /// How often it asks, from `5s` to `300s`.
        interval: Spanned<Seconds> = "15s",
        /// How long it waits for an answer, from `2s` to `120s`, and less than `interval`.
        timeout: Spanned<Seconds> = "5s",
        /// After how many good answers in a row a task gets requests, from 2 to 10.
        healthy: Spanned<u32> = "2",
        /// After how many bad answers in a row a task is replaced, from 2 to 10.
        unhealthy: Spanned<u32> = "3",
        /// The status codes of a good answer: `200`, `200,204`, or `200-299`.
        codes: Spanned<String> = "200",
        /// How long after its start a task may give bad answers without being replaced.
        grace: Seconds = "60s",
    }
}

impl Health {
    /// Reports what a load balancer does not take.
    pub(crate) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let Self { interval, timeout, .. } = self;
        let mut range = |name: &str, value: u32, unit: &str, least: u32, most: u32, span: Span| {
            if !(least..=most).contains(&value) {
                faults.push(
                    Diagnostic::error(
                        "health-range",
                        format!("`{name}` is from {least}{unit} to {most}{unit}, not {value}{unit}"),
                    )
                    .at(span)
                    .help(format!("use `{}{unit}`", value.clamp(least, most))),
                );
            }
        };
        range("interval", interval.value.0, "s", 5, 300, interval.span);
        range("timeout", timeout.value.0, "s", 2, 120, timeout.span);
        range("healthy", self.healthy.value, "", 2, 10, self.healthy.span);
        range("unhealthy", self.unhealthy.value, "", 2, 10, self.unhealthy.span);
        if timeout.value >= interval.value {
            let message = format!(
                "a timeout of {}s is not less than the interval of {}s",
                timeout.value.0, interval.value.0
            );
            faults.push(
                Diagnostic::error("health-timeout", message)
                    .at(timeout.span.or(interval.span))
                    .help("make `timeout` less than `interval`"),
            );
        }
        if !are_codes(&self.codes.value) {
            faults.push(
                Diagnostic::error(
                    "health-codes",
                    format!("`{}` are no status codes from 200 to 499", self.codes.value),
                )
                .at(self.codes.span)
                .help("write codes such as `200`, `200,204` or `200-299`"),
            );
        }
        if let Some(path) = self.path.literal()
            && !path.starts_with('/')
        {
            faults.push(
                Diagnostic::error("health-path", format!("the path `{path}` does not begin with `/`"))
                    .at(self.path.span())
                    .help(format!("write `/{path}`")),
            );
        }
    }
}

/// Whether `text` is codes, or ranges of them, with commas between.
fn are_codes(text: &str) -> bool {
    let code = |it: &str| it.len() == 3 && it.parse().is_ok_and(|it: u16| (200..=499).contains(&it));
    text.split(',').all(|it| match it.split_once('-') {
        Some((first, last)) => code(first) && code(last) && first < last,
        None => code(it),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn with(health: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nweb: {{type: FargateService, network: n, image: 'a:1', port: 80, health: {health}}}"
        ))
    }

    fn checks(health: &str) -> Value {
        let Value::Object(mut properties) =
            with(health).properties("web/LB/PublicListener/ECSGroup/Resource")
        else {
            panic!("properties are an object")
        };
        properties
            .retain(|key, _| key.starts_with("Health") || key.starts_with("Unhealthy") || key == "Matcher");
        Value::Object(properties)
    }

    #[test]
    fn says_every_value_even_if_none_is_written() {
        assert_eq!(
            checks("/_health"),
            json!({
                "HealthCheckIntervalSeconds": 15,
                "HealthCheckPath": "/_health",
                "HealthCheckTimeoutSeconds": 5,
                "HealthyThresholdCount": 2,
                "Matcher": { "HttpCode": "200" },
                "UnhealthyThresholdCount": 3,
            })
        );
        assert_eq!(
            checks("{path: /, interval: 30s, timeout: 10s, healthy: 5, unhealthy: 5, codes: 200-299}"),
            json!({
                "HealthCheckIntervalSeconds": 30,
                "HealthCheckPath": "/",
                "HealthCheckTimeoutSeconds": 10,
                "HealthyThresholdCount": 5,
                "Matcher": { "HttpCode": "200-299" },
                "UnhealthyThresholdCount": 5,
            })
        );
    }

    #[test]
    fn points_at_values_a_load_balancer_does_not_take() {
        assert_eq!(
            with("{path: health, interval: 6m, timeout: 1s, healthy: 1, unhealthy: 11, codes: 200-}")
                .faults(),
            [
                "health-range at `6m`: `interval` is from 5s to 300s, not 360s",
                "health-range at `1s`: `timeout` is from 2s to 120s, not 1s",
                "health-range at `1`: `healthy` is from 2 to 10, not 1",
                "health-range at `11`: `unhealthy` is from 2 to 10, not 11",
                "health-codes at `200-`: `200-` are no status codes from 200 to 499",
                "health-path at `health`: the path `health` does not begin with `/`",
            ]
        );
    }

    #[test]
    fn points_at_a_timeout_that_reaches_the_next_question() {
        let fault = "a timeout of 20s is not less than the interval of 15s";
        assert_eq!(with("{timeout: 20s}").faults(), [format!("health-timeout at `20s`: {fault}")]);
        let fault = "a timeout of 5s is not less than the interval of 5s";
        assert_eq!(with("{interval: 5s}").faults(), [format!("health-timeout at `5s`: {fault}")]);
    }
}
