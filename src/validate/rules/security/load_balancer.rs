//! Load balancers and what they let through.

use super::{
    super::super::{
        document::{Document, Resource},
        report::{Found, Report},
        value::Value,
    },
    place,
};

/// Looks at application load balancers and at listeners.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for balancer in document.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer") {
        let Some(properties) = document.properties(balancer) else { continue };
        let kind = properties.get("Type");
        if kind.is_none_or(|it| it.text().as_deref() == Some("application")) {
            check_attributes(balancer, properties, report);
        }
    }
    for listener in document.of_type("AWS::ElasticLoadBalancingV2::Listener") {
        if let Some(properties) = document.properties(listener) {
            check_protocol(listener, properties, report);
            check_policy(listener, properties, report);
        }
    }
}

/// `load-balancer-access-logs` (AwsSolutions-ELB2, `CKV_AWS_91`) and `load-balancer-headers` (`CKV_AWS_131`,
/// AVD-AWS-0052).
fn check_attributes<'t>(balancer: &'t Resource<'t>, properties: Value<'t>, report: &mut Report<'t>) {
    let wanted = [
        (
            "load-balancer-access-logs",
            "access_logs.s3.enabled",
            "who asks {} for what is not logged",
            "set the attribute `access_logs.s3.enabled`, and name a bucket in `access_logs.s3.bucket`",
        ),
        (
            "load-balancer-headers",
            "routing.http.drop_invalid_header_fields.enabled",
            "{} hands on headers that are no headers, which can smuggle requests",
            "set the attribute `routing.http.drop_invalid_header_fields.enabled`",
        ),
    ];
    let attributes = properties.get("LoadBalancerAttributes").map(|it| it.each()).unwrap_or_default();
    let is_open = attributes.iter().any(|it| it.get("Key").is_none_or(|it| it.text().is_none()));
    for (code, key, message, help) in wanted {
        let attribute =
            attributes.iter().find(|it| it.get("Key").is_some_and(|it| it.text().as_deref() == Some(key)));
        let value = attribute.and_then(|it| it.get("Value"));
        let place = match value {
            Some(value) if value.boolean() == Some(false) => value.into(),
            Some(_) => continue,
            None if is_open => continue,
            None => place(balancer),
        };
        report.add(Found::info(code, place, message.replace("{}", &format!("`{}`", balancer.id))).help(help));
    }
}

/// `listener-plaintext` (`CKV_AWS_2`, AVD-AWS-0054): HTTP that is not redirected.
fn check_protocol<'t>(listener: &'t Resource<'t>, properties: Value<'t>, report: &mut Report<'t>) {
    let Some(protocol) = properties.get("Protocol").filter(|it| it.text().as_deref() == Some("HTTP")) else {
        return;
    };
    let Some(actions) = properties.get("DefaultActions").filter(Value::is_known) else { return };
    let forwards = |it: Value<'t>| it.get("Type").is_some_and(|it| it.text().as_deref() == Some("forward"));
    if actions.items().any(forwards) {
        report.add(
            Found::warning(
                "listener-plaintext",
                protocol,
                format!("what goes through `{}` can be read by anybody on the way", listener.id),
            )
            .help("redirect it to a listener with `Protocol: HTTPS`"),
        );
    }
}

/// `listener-tls-policy` (`CKV_AWS_103`, AVD-AWS-0047): versions of TLS that are broken. Without a policy it is
/// `ELBSecurityPolicy-2016-08`, which takes TLS 1.0.
fn check_policy<'t>(listener: &'t Resource<'t>, properties: Value<'t>, report: &mut Report<'t>) {
    const OLD: &[&str] = &[
        "ELBSecurityPolicy-2015-05",
        "ELBSecurityPolicy-2016-08",
        "ELBSecurityPolicy-TLS-1-0-2015-04",
        "ELBSecurityPolicy-TLS-1-1-2017-01",
        "ELBSecurityPolicy-FS-2018-06",
        "ELBSecurityPolicy-FS-1-1-2019-08",
        "ELBSecurityPolicy-TLS13-1-0-2021-06",
        "ELBSecurityPolicy-TLS13-1-1-2021-06",
    ];
    let protocol = properties.get("Protocol").and_then(|it| it.text());
    if !matches!(protocol.as_deref(), Some("HTTPS" | "TLS")) {
        return;
    }
    let policy = properties.get("SslPolicy");
    let is_old =
        policy.map_or(properties.lacks("SslPolicy"), |it| it.text().is_some_and(|it| OLD.contains(&&*it)));
    if is_old {
        let place = policy.map_or(place(listener), Into::into);
        report.add(
            Found::info(
                "listener-tls-policy",
                place,
                format!("`{}` speaks versions of TLS that are broken", listener.id),
            )
            .help("write `SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn listener(properties: &str) -> String {
        check(
            super::check,
            &format!(
                "Resources:\n  L:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties: {{{properties}}}\n"
            ),
        )
    }

    #[test]
    fn http_is_redirected() {
        let expected = "warning listener-plaintext Resources/L/Properties/Protocol 4:28: what goes through `L` can be read by \
                        anybody on the way\n  redirect it to a listener with `Protocol: HTTPS`\n";
        assert_eq!(listener("Protocol: HTTP, DefaultActions: [{Type: forward}]"), expected);
        assert_eq!(listener("Protocol: HTTP, DefaultActions: [{Type: redirect}]"), "");
        assert_eq!(listener("Protocol: HTTP, DefaultActions: !Ref A"), "");
    }

    #[test]
    fn tls_is_new() {
        let expected = "info listener-tls-policy Resources/L 2:3: `L` speaks versions of TLS that are broken\n  write \
                        `SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06`\n";
        assert_eq!(listener("Protocol: HTTPS"), expected);
        assert_eq!(listener("Protocol: HTTPS, SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06"), "");
    }

    #[test]
    fn attributes_are_set() {
        let balancer = |attributes: &str| {
            let found = check(
                super::check,
                &format!(
                    "Resources:\n  B:\n    Type: AWS::ElasticLoadBalancingV2::LoadBalancer\n    Properties: \
                     {{LoadBalancerAttributes: {attributes}}}\n"
                ),
            );
            found
                .lines()
                .filter(|it| !it.starts_with("  "))
                .map(|it| it.split(": ").next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let logs = "{Key: access_logs.s3.enabled, Value: 'true'}";
        let found = balancer(&format!("[{logs}]"));
        assert_eq!(found, ["info load-balancer-headers Resources/B 2:3"]);
        assert_eq!(balancer(&format!("[{logs}, !Ref X]")), Vec::<String>::new());
    }
}
