//! What a construct may do with others: written once, at the one who does it, and opened on both sides.
//!
//! Not a construct: what those that run containers have in common.

use std::any::Any;

use crate::{
    iam::Allow,
    kernel::{
        construct::Export,
        prelude::*,
        property::{Word, read_entry},
    },
};

const SECURITY_GROUP_INGRESS: ResourceType = ResourceType::new("AWS::EC2::SecurityGroupIngress");

choices! {
    /// What may be done with a construct.
    pub enum Access {
        /// Call its load balancer, from the tasks.
        Call,
        /// Publish in a topic.
        Publish,
        /// Read what is in a bucket, or pull images of a repository.
        Read,
        /// Read, write and delete what is in a bucket, or pull and push images of a repository.
        ReadWrite,
        /// Send to the queue of a worker.
        Send,
        /// Write and delete what is in a bucket, without reading it.
        Write,
    }
}

/// What a construct lets others do with it.
#[derive(Clone, Debug)]
pub struct Grantable(pub Vec<(Access, Grant)>);

/// What an access takes.
#[derive(Clone, Debug)]
pub enum Grant {
    /// These permissions.
    Permissions(Vec<Allow>),
    /// To be let into a security group.
    Way {
        /// The security group.
        group: Handle,
        /// On these ports.
        ports: Vec<u16>,
    },
    /// A key that only KMS can tell, by the alias that stands for it.
    UnknownKey(String),
}

impl Grantable {
    /// The permissions that `access` takes.
    pub(crate) fn permissions(&self, access: Access) -> Vec<Allow> {
        let granted = self.0.iter().filter(|(it, _)| *it == access);
        let permissions = granted.filter_map(|(_, grant)| match grant {
            Grant::Permissions(allowed) => Some(allowed.clone()),
            Grant::Way { .. } | Grant::UnknownKey(_) => None,
        });
        permissions.flatten().collect()
    }
}

impl Target for Grantable {
    const WHAT: &'static str = "a construct that others may use";
}

impl Export for Grantable {
    fn offer(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.clone()))
    }
}

/// What a construct may do with others: their names, each with an access.
#[derive(Clone, Debug)]
pub struct Grants(Vec<(Link<Grantable>, Spanned<Access>)>);

impl Property for Grants {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(map) = node.as_map().filter(|_| node.is_group()) else {
            return reader.mismatch(node, "a mapping of constructs to what may be done with them");
        };
        let entries: Vec<Option<_>> = map
            .iter()
            .map(|(key, entry)| {
                let access = read_entry(key, entry, reader)?;
                Some((Link::from(Name::new(key.as_ref(), entry.key)), access))
            })
            .collect();
        entries.into_iter().collect::<Option<Vec<_>>>().map(Self)
    }

    fn absent() -> Option<Self> {
        Some(Self(Vec::new()))
    }

    fn shape() -> Shape {
        Shape::Map(Box::new(Access::shape()))
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.0.iter().for_each(|(link, _)| see(&link.name));
    }
}

/// What is granted, in terms of the stack.
#[derive(Default)]
pub(crate) struct Granted {
    /// The permissions.
    pub(crate) permissions: Vec<Allow>,
    ways: Vec<(Handle, Vec<u16>)>,
}

impl Grants {
    /// Finds what is named, and reports what is not there to be granted.
    pub(crate) fn resolve(&self, scope: &mut Scope<'_>) -> Granted {
        let mut granted = Granted::default();
        for (link, access) in &self.0 {
            let Grantable(offered) = match scope.find(link) {
                Ok(found) => found,
                Err(fault) => {
                    scope.report(fault);
                    continue;
                }
            };
            match offered.iter().find(|(it, _)| *it == access.value) {
                Some((_, Grant::Permissions(allowed))) => granted.permissions.extend(allowed.iter().cloned()),
                Some((_, Grant::Way { group, ports })) => granted.ways.push((*group, ports.clone())),
                Some((_, Grant::UnknownKey(alias))) => {
                    let fault = format!("which key `{alias}` stands for is known only to KMS");
                    scope.report(
                        Diagnostic::error("grant-key", fault)
                            .at(access.span)
                            .help(format!("write the ARN of the key in `{}`", link.name.text)),
                    );
                }
                None => scope.report(no_such_access(&link.name.text, *access, &offered)),
            }
        }
        granted
    }

    /// The permissions, for what is in no network, and therefore cannot be let into one.
    pub(crate) fn outside(&self, scope: &mut Scope<'_>) -> Vec<Allow> {
        let (calls, others): (Vec<_>, Vec<_>) =
            self.0.iter().cloned().partition(|(_, it)| it.value == Access::Call);
        for (link, access) in calls {
            let fault = format!("`{}` lets in what runs in a network, and this does not", link.name.text);
            scope.report(
                Diagnostic::error("grant-access", fault)
                    .at(access.span)
                    .help(format!("remove `{}`", link.name.text)),
            );
        }
        Self(others).resolve(scope).permissions
    }
}

impl Granted {
    /// Lets what is in the security group `own` into those it may call.
    pub(crate) fn open(&self, scope: &mut Scope<'_>, own: Handle) {
        let own_id = scope.beside(own).unique_id();
        for (group, ports) in &self.ways {
            for port in ports {
                scope.beside(*group).resource(
                    &format!("from {own_id}:{port}"),
                    SECURITY_GROUP_INGRESS,
                    object! {
                        "Description" => "Tasks to load balancer",
                        "FromPort" => *port,
                        "GroupId" => group.attribute("GroupId"),
                        "IpProtocol" => "tcp",
                        "SourceSecurityGroupId" => own.attribute("GroupId"),
                        "ToPort" => *port,
                    },
                );
            }
        }
    }
}

fn no_such_access(name: &str, access: Spanned<Access>, offered: &[(Access, Grant)]) -> Diagnostic {
    let words: Vec<&str> = offered.iter().map(|(it, _)| it.word()).collect();
    let word = access.value.word();
    Diagnostic::error("grant-access", format!("nobody can be granted `{word}` for `{name}`"))
        .at(access.span)
        .help(format!("write {}", crate::kernel::diagnostic::one_of(&words)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn with(others: &str, grants: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nc: {{type: Cluster}}\n{others}\n\
             web: {{type: FargateService, network: n, cluster: c, image: 'a:1', port: 80, grants: {grants}}}"
        ))
    }

    #[track_caller]
    fn statements(others: &str, grants: &str) -> Value {
        let stack = with(others, grants);
        assert_eq!(stack.faults(), [""; 0]);
        let policy = stack.properties("web/TaskDef/TaskRole/DefaultPolicy/Resource");
        policy["PolicyDocument"]["Statement"].clone()
    }

    #[test]
    fn a_bucket_is_read_and_written() {
        let list = json!({ "Action": "s3:ListBucket", "Effect": "Allow", "Resource": "${b/Resource.Arn}" });
        let objects = |actions: Value| json!({ "Action": actions, "Effect": "Allow", "Resource": "${b/Resource.Arn}/*" });
        let write = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"];
        assert_eq!(
            statements("b: {type: Bucket}", "{b: read}"),
            json!([list, objects(json!("s3:GetObject"))])
        );
        assert_eq!(statements("b: {type: Bucket}", "{b: write}"), json!([objects(json!(write))]));
        assert_eq!(
            statements("b: {type: Bucket}", "{b: readWrite}"),
            json!([list, objects(json!("s3:GetObject")), objects(json!(write))])
        );
    }

    #[test]
    fn a_bucket_with_a_key_of_its_own_takes_the_key() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
        let bucket = |key: &str| format!("b: {{type: Bucket, encryption: kms, key: '{key}'}}");
        assert_eq!(
            statements(&bucket(key), "{b: readWrite}")[3],
            json!({ "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Effect": "Allow", "Resource": key })
        );
        assert_eq!(
            statements(&bucket("0a1b"), "{b: read}")[2],
            json!({
                "Action": "kms:Decrypt",
                "Effect": "Allow",
                "Resource": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/0a1b",
            })
        );
    }

    #[test]
    fn images_of_a_repository_are_pulled_and_pushed() {
        let login = json!({ "Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*" });
        let images = |actions: &[&str]| json!({ "Action": actions, "Effect": "Allow", "Resource": "${images/Resource.Arn}" });
        let pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
        assert_eq!(statements("images: {type: Repository}", "{images: read}"), json!([login, images(&pull)]));
        let push = [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:GetDownloadUrlForLayer",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        ];
        assert_eq!(
            statements("images: {type: Repository}", "{images: readWrite}"),
            json!([login, images(&push)])
        );
    }

    #[test]
    fn a_topic_and_a_queue_get_messages() {
        assert_eq!(
            statements("t: {type: Topic}", "{t: publish}"),
            json!([{ "Action": "sns:Publish", "Effect": "Allow", "Resource": "${t/Resource}" }])
        );
        let worker = "w: {type: Worker, network: n, cluster: c, image: 'a:1'}";
        assert_eq!(
            statements(worker, "{w: send}"),
            json!([{
                "Action": "sqs:SendMessage",
                "Effect": "Allow",
                "Resource": "${w/EcsProcessingQueue/Resource.Arn}",
            }])
        );
    }

    #[test]
    fn a_service_that_nobody_else_may_call_is_called() {
        let api =
            "api: {type: FargateService, network: n, cluster: c, image: 'a:1', port: 9000, access: granted}";
        let stack = with(api, "{api: call}");
        assert_eq!(stack.faults(), [""; 0]);
        let group = stack.properties("api/LB/SecurityGroup/Resource");
        assert_eq!(group["SecurityGroupIngress"], json!(null));
        assert_eq!(stack.properties("api/LB/Resource")["Scheme"], "internal");
        assert_eq!(
            stack.properties("api/LB/SecurityGroup/from TestwebServiceSecurityGroup5EC8099F:80"),
            json!({
                "Description": "Tasks to load balancer",
                "FromPort": 80,
                "GroupId": "${api/LB/SecurityGroup/Resource.GroupId}",
                "IpProtocol": "tcp",
                "SourceSecurityGroupId": "${web/Service/SecurityGroup/Resource.GroupId}",
                "ToPort": 80,
            })
        );
    }

    #[test]
    fn points_at_what_nobody_can_be_granted() {
        assert_eq!(
            with("b: {type: Bucket}", "{b: publish}").faults(),
            ["grant-access at `publish`: nobody can be granted `publish` for `b`"]
        );
        assert_eq!(
            with("", "{c: read}").faults(),
            ["wrong-kind at `c`: `c` is a Cluster; a construct that others may use is needed here"]
        );
        assert_eq!(
            with("b: {type: Bucket, encryption: kms, key: alias/shop}", "{b: read}").faults(),
            ["grant-key at `read`: which key `alias/shop` stands for is known only to KMS"]
        );
    }
}
