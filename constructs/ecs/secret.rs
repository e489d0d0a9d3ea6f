//! Secrets that a container gets as variables: from SSM's parameter store or Secrets Manager.

use crate::{
    iam::Allow,
    kernel::{expr::ExprKind, prelude::*},
};

properties! {
    /// A value that is kept elsewhere and given to the container when a task starts.
    pub struct Secret from source {
        /// Where it is kept: `ssm:<name>` for a parameter of SSM; `secretsmanager:<name>` for a secret, or
        /// `secretsmanager:<name>:<key>` for one value of a secret that is JSON. An ARN may stand for the name. A
        /// name in SSM may begin with a reference only behind its `/`: `ssm:/${param.Path}`.
        source: Text,
        /// The ARN of the KMS key it is encrypted with. If absent, AWS's own key for the store, which needs no
        /// permission.
        key: Option<Text>,
    }
}

/// Where a secret is kept.
#[derive(Clone, Copy, PartialEq)]
enum Store {
    Ssm,
    SecretsManager,
}

const STORES: &[(&str, Store)] =
    &[("ssm:", Store::Ssm), ("secretsmanager:", Store::SecretsManager), ("secret:", Store::SecretsManager)];

/// A secret in terms of the stack.
pub(super) struct Kept {
    /// What ECS is told.
    pub(super) value_from: Expr<Handle>,
    store: Store,
    /// What may be read.
    resource: Expr<Handle>,
    key: Option<Expr<Handle>>,
}

impl Kept {
    /// The same, caused by the text at `span`.
    pub(super) fn at(mut self, span: Span) -> Self {
        self.value_from = self.value_from.at(span);
        self
    }
}

/// The whole of a secret in Secrets Manager, by its name, its ARN or a reference.
pub(super) fn whole(name: Expr<Handle>) -> Kept {
    let (value_from, resource) = secrets_manager(name);
    Kept { value_from, store: Store::SecretsManager, resource, key: None }
}

impl Secret {
    fn store(&self) -> Option<(&'static str, Store)> {
        let first = self.source.0.first_text()?;
        STORES.iter().find(|(prefix, _)| first.starts_with(prefix)).copied()
    }

    /// The place of its source.
    pub(crate) fn span(&self) -> Span {
        self.source.span()
    }

    /// Reports a source of no known store, or without a name.
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let fault = |message: &str| Diagnostic::error("secret-source", message).at(self.source.span());
        match self.store() {
            None => faults.push(fault("a secret is kept in SSM or in Secrets Manager").help(
                "write `ssm:<name>`, or `secretsmanager:<name>`; what is no secret goes to `variables`",
            )),
            Some((prefix, _)) if self.source.literal() == Some(prefix) => {
                faults.push(
                    fault("the secret has no name").help(format!("write its name or ARN after `{prefix}`")),
                );
            }
            Some(_) => (),
        }
    }

    /// The secret in terms of the stack.
    pub(super) fn resolve(&self, scope: &mut Scope<'_>) -> Kept {
        let (prefix, store) = self.store().expect("it has been checked");
        let name = scope.text(&self.source).without_first(prefix.len());
        if store == Store::Ssm && begins_with_reference(&name) {
            scope.report(
                Diagnostic::error("secret-source", "nothing tells whether the name in SSM begins with `/`")
                    .at(self.first_reference())
                    .help("write `ssm:/${…}`, and leave the `/` out of the value; or write the ARN, `ssm:arn:…`"),
            );
        }
        let (value_from, resource) = match store {
            Store::Ssm => ssm(name),
            Store::SecretsManager => secrets_manager(name),
        };
        let value_from = value_from.at(self.source.span());
        let key = self.key.as_ref().map(|it| scope.text(it));
        Kept { value_from, store, resource, key }
    }

    /// The place of what stands behind `ssm:`.
    fn first_reference(&self) -> Span {
        match &self.source.0.kind {
            ExprKind::Concat(parts) => parts.get(1).map_or(self.source.span(), |it| it.span),
            _ => self.source.span(),
        }
    }
}

/// Whether its beginning is not known before it is deployed.
fn begins_with_reference(name: &Expr<Handle>) -> bool {
    let first = match &name.kind {
        ExprKind::Concat(parts) => parts.first().unwrap_or(name),
        _ => name,
    };
    // What stands for nothing has been reported.
    first.as_str().is_none() && !first.is_absent()
}

/// What reading `secrets` takes.
pub(super) fn permissions(secrets: &[&Kept]) -> Vec<Allow> {
    let resources = |store| -> Vec<Expr<Handle>> {
        let mut found = Vec::new();
        for secret in secrets.iter().filter(|it| it.store == store) {
            if !found.contains(&secret.resource) {
                found.push(secret.resource.clone());
            }
        }
        found
    };
    let mut keys: Vec<Expr<Handle>> = Vec::new();
    for key in secrets.iter().filter_map(|it| it.key.as_ref()) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    let statements = [
        (["ssm:GetParameters"], resources(Store::Ssm)),
        (["secretsmanager:GetSecretValue"], resources(Store::SecretsManager)),
        (["kms:Decrypt"], keys),
    ];
    let statements = statements.into_iter().filter(|(_, resources)| !resources.is_empty());
    statements.map(|(actions, resources)| Allow::new(&actions, resources)).collect()
}

/// A parameter's ARN, which is both what ECS is told and what may be read.
fn ssm(name: Expr<Handle>) -> (Expr<Handle>, Expr<Handle>) {
    let arn = match name.first_text() {
        Some(text) if text.starts_with("arn:") => name,
        Some(text) if text.starts_with('/') => Expr::arn("ssm", ["parameter".into(), name]),
        // The ARN of a name without a `/` has one all the same.
        Some(_) | None => Expr::arn("ssm", ["parameter/".into(), name]),
    };
    (arn.clone(), arn)
}

/// What ECS is told of a secret, and what may be read.
///
/// AWS ends a secret's ARN in six characters of its own, which the name does not tell; ECS does without.
fn secrets_manager(name: Expr<Handle>) -> (Expr<Handle>, Expr<Handle>) {
    let (name, key) = split_key(name);
    let is_arn = name.first_text().is_some_and(|it| it.starts_with("arn:"))
        || matches!(name.kind, ExprKind::Ref(_) | ExprKind::GetAtt(..));
    let arn = if is_arn { name } else { Expr::arn("secretsmanager", ["secret:".into(), name]) };
    let resource = if is_arn { arn.clone() } else { text![arn.clone(), "-??????"] };
    let value_from = match key {
        Some(key) => text![arn, ":", key, "::"],
        None => arn,
    };
    (value_from, resource)
}

/// Splits `name:key`; the name may be an ARN, which has colons of its own.
fn split_key(name: Expr<Handle>) -> (Expr<Handle>, Option<Expr<Handle>>) {
    let mut parts = match name.kind {
        ExprKind::Concat(parts) => parts,
        kind => vec![kind.into()],
    };
    // arn:aws:secretsmanager:eu-west-1:111122223333:secret:name-AbCdEf
    let of_an_arn =
        if parts.first().and_then(Expr::as_str).is_some_and(|it| it.starts_with("arn:")) { 6 } else { 0 };
    let mut colons = 0;
    for at in 0..parts.len() {
        let Some(text) = parts[at].as_str() else { continue };
        for (place, _) in text.match_indices(':') {
            if colons == of_an_arn {
                let (before, after) =
                    (text[..place].to_owned(), text[place + 1..].trim_end_matches(':').to_owned());
                let rest = parts.split_off(at + 1);
                parts[at] = before.into();
                return (Expr::concat(parts), Some(Expr::concat([after.into()].into_iter().chain(rest))));
            }
            colons += 1;
        }
    }
    (Expr::concat(parts), None)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        kernel::tree::Place,
        testing::{Stack, stack, stack_at},
    };

    fn with(secrets: &str) -> Stack {
        stack(&format!(
            "repo: {{type: Repository}}\nn: {{type: Network}}\nweb: {{type: FargateService, network: n, image: 'a:1', port: 80, secrets: {secrets}}}"
        ))
    }

    /// What ECS is told, and what it may do beside logging.
    fn granted(secrets: &str) -> (Value, Vec<Value>) {
        let stack = with(secrets);
        assert_eq!(stack.faults(), [""; 0]);
        let told = stack.properties("web/TaskDef/Resource")["ContainerDefinitions"][0]["Secrets"].clone();
        let policy = stack.properties("web/TaskDef/ExecutionRole/DefaultPolicy/Resource");
        let statements = policy["PolicyDocument"]["Statement"].as_array().expect("statements");
        (told, statements[1..].to_vec())
    }

    fn allow(action: &str, resource: &Value) -> Value {
        json!({ "Action": action, "Effect": "Allow", "Resource": resource })
    }

    const ACCOUNT: &str = "${AWS::Region}:${AWS::AccountId}";

    #[test]
    fn is_a_parameter_of_ssm() {
        for (written, name) in [
            ("/shop/${param.Param}", "/shop/${Param}"),
            ("token", "/token"),
            ("/${param.Param}", "/${Param}"),
        ] {
            let (told, allowed) = granted(&format!("{{A: 'ssm:{written}'}}"));
            let arn = json!(format!("arn:${{AWS::Partition}}:ssm:{ACCOUNT}:parameter{name}"));
            assert_eq!(told, json!([{ "Name": "A", "ValueFrom": arn }]));
            assert_eq!(allowed, [allow("ssm:GetParameters", &arn)]);
        }
        for (written, arn) in [
            ("/a", "arn:aws:ssm:eu-west-1:111122223333:parameter/a"),
            ("${param.Param}", "arn:aws:ssm:eu-west-1:111122223333:parameter${Param}"),
        ] {
            let (told, allowed) =
                granted(&format!("{{A: 'ssm:arn:aws:ssm:eu-west-1:111122223333:parameter{written}'}}"));
            let arn = json!(arn);
            assert_eq!(told, json!([{ "Name": "A", "ValueFrom": arn }]));
            assert_eq!(allowed, [allow("ssm:GetParameters", &arn)]);
        }
    }

    #[test]
    fn may_begin_with_the_environment() {
        let place = Place { environment: Some("prod".to_owned()), ..Place::default() };
        let stack = stack_at(
            place,
            "n: {type: Network}\nweb: {type: FargateService, network: n, image: 'a:1', port: 80, secrets: {A: 'ssm:${env}/token'}}",
        );
        assert_eq!(stack.faults(), [""; 0]);
        assert_eq!(
            stack.properties("web/TaskDef/Resource")["ContainerDefinitions"][0]["Secrets"][0]["ValueFrom"],
            json!(format!("arn:${{AWS::Partition}}:ssm:{ACCOUNT}:parameter/prod/token"))
        );
    }

    #[test]
    fn points_at_a_name_in_ssm_that_begins_with_a_reference() {
        for (written, pointed) in [
            ("'ssm:${param.Param}'", "param.Param"),
            ("'ssm:${repo.name}/token'", "repo.name"),
            ("!Sub 'ssm:${Param}'", "Param"),
        ] {
            assert_eq!(
                with(&format!("{{A: {written}}}")).faults(),
                [format!(
                    "secret-source at `{pointed}`: nothing tells whether the name in SSM begins with `/`"
                )]
            );
        }
        assert_eq!(
            with("{A: 'ssm:${param.Parm}'}").faults(),
            ["unknown-parameter at `param.Parm`: there is no parameter `Parm`"]
        );
    }

    #[test]
    fn is_a_secret_or_one_value_of_it() {
        let (told, allowed) = granted("{A: 'secretsmanager:shop/db', B: 'secret:shop/db:password'}");
        let arn = format!("arn:${{AWS::Partition}}:secretsmanager:{ACCOUNT}:secret:shop/db");
        assert_eq!(
            told,
            json!([{ "Name": "A", "ValueFrom": arn }, { "Name": "B", "ValueFrom": format!("{arn}:password::") }])
        );
        assert_eq!(allowed, [allow("secretsmanager:GetSecretValue", &json!(format!("{arn}-??????")))]);
    }

    #[test]
    fn may_be_given_by_its_arn() {
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf";
        let (told, allowed) =
            granted(&format!("{{A: 'secretsmanager:{arn}:user', B: 'secretsmanager:${{repo.arn}}'}}"));
        assert_eq!(
            told,
            json!([
                { "Name": "A", "ValueFrom": format!("{arn}:user::") },
                { "Name": "B", "ValueFrom": "${repo/Resource.Arn}" },
            ])
        );
        assert_eq!(allowed, [allow("secretsmanager:GetSecretValue", &json!([arn, "${repo/Resource.Arn}"]))]);
    }

    #[test]
    fn may_be_encrypted_with_a_key_of_your_own() {
        let (_, allowed) =
            granted("{A: {source: 'ssm:/a', key: 'arn:aws:kms:eu-west-1:111122223333:key/1'}}");
        assert_eq!(allowed[1], allow("kms:Decrypt", &json!("arn:aws:kms:eu-west-1:111122223333:key/1")));
    }

    #[test]
    fn points_at_a_source_that_is_none() {
        assert_eq!(
            with("{A: hunter2}").faults(),
            ["secret-source at `hunter2`: a secret is kept in SSM or in Secrets Manager"]
        );
        assert_eq!(with("{A: 'ssm:'}").faults(), ["secret-source at `'ssm:'`: the secret has no name"]);
    }
}
