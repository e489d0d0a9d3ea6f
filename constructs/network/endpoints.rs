//! Endpoints: ways from a network to services of AWS that do not go through the internet.

use super::{
    Layout,
    subnet::{tables, tag},
};
use crate::kernel::{diagnostic::nearest, expr::ExprKind, prelude::*, shape::Choice};

const ENDPOINT: ResourceType = ResourceType::new("AWS::EC2::VPCEndpoint");
const SECURITY_GROUP: ResourceType = ResourceType::new("AWS::EC2::SecurityGroup");

/// A service of AWS that networks often have an endpoint for.
struct Service {
    /// AWS's word for it: what follows the region in the name of its endpoint service.
    word: &'static str,
    /// The id of its place in the tree.
    id: &'static str,
    /// What it is.
    docs: &'static str,
}

const fn service(word: &'static str, id: &'static str, docs: &'static str) -> Service {
    Service { word, id, docs }
}

/// The services known by their word. Deployed stacks depend on the ids: changing one replaces its endpoint.
/// One that is added has the id that [`pascal_case`] gave it when it was only known by its whole name.
const SERVICES: &[Service] = &[
    service("s3", "S3", "S3, through a gateway, which costs nothing. Image layers come from there."),
    service("dynamodb", "DynamoDb", "DynamoDB, through a gateway, which costs nothing."),
    service("ecr.api", "EcrApi", "ECR's API; pulling an image needs `ecr.dkr` and `s3` too."),
    service("ecr.dkr", "EcrDkr", "ECR as a registry, for pulling images."),
    service("logs", "Logs", "CloudWatch Logs, for what containers write."),
    service("secretsmanager", "SecretsManager", "Secrets Manager."),
    service("ssm", "Ssm", "Systems Manager, with its parameters."),
    service("ssmmessages", "SsmMessages", "Systems Manager's sessions, and ECS Exec."),
    service("ec2messages", "Ec2Messages", "Systems Manager's commands to instances."),
    service("kms", "Kms", "KMS."),
    service("sts", "Sts", "STS, for taking roles."),
    service("sqs", "Sqs", "SQS."),
    service("sns", "Sns", "SNS."),
    service("events", "Events", "EventBridge."),
    service("states", "States", "Step Functions."),
    service("lambda", "Lambda", "Lambda."),
    service("execute-api", "ExecuteApi", "Private APIs of API Gateway."),
    service("monitoring", "Monitoring", "CloudWatch's metrics."),
    service("xray", "Xray", "X-Ray."),
    service("ecs", "Ecs", "ECS, for those who call it."),
    service("ecs-agent", "EcsAgent", "ECS, for its agent on instances."),
    service("ecs-telemetry", "EcsTelemetry", "ECS, for the metrics of its agent on instances."),
    service("ec2", "Ec2", "EC2."),
    service("elasticloadbalancing", "ElasticLoadBalancing", "Elastic Load Balancing."),
    service("autoscaling", "AutoScaling", "EC2 Auto Scaling."),
    service("application-autoscaling", "ApplicationAutoScaling", "Application Auto Scaling."),
    service("elasticfilesystem", "ElasticFileSystem", "EFS, for those who call it; mounting needs none."),
    service("kinesis-streams", "KinesisStreams", "Kinesis Data Streams."),
    service("kinesis-firehose", "KinesisFirehose", "Amazon Data Firehose."),
    service("rds-data", "RdsData", "The Data API of RDS."),
    service("cognito-idp", "CognitoIdp", "User pools of Cognito."),
    service("bedrock-runtime", "BedrockRuntime", "Models on Bedrock."),
    service("servicediscovery", "ServiceDiscovery", "Cloud Map."),
    service("codebuild", "CodeBuild", "CodeBuild."),
    service("cloudformation", "CloudFormation", "CloudFormation."),
];

/// The services that are reached through a gateway in the route tables, not through an address in a subnet.
const GATEWAYS: [&str; 3] = ["s3", "dynamodb", "s3express"];

properties! {
    /// A way to a service of AWS that does not lead through the internet.
    pub struct Endpoint from service {
        /// The service.
        service: ServiceName,
        /// The id of the endpoint below the network, from which its logical id follows. If absent, the service's, such
        /// as `EcrApi`; one that was made by the CDK has the id it was added with.
        id: Option<PartId>,
    }
}

impl Endpoint {
    fn id(&self) -> &str {
        self.id.as_ref().map_or(&self.service.id, PartId::id)
    }
}

/// A service of AWS, by its word such as `ecr.api`, or by the whole name of its endpoint service.
#[derive(Clone, Debug)]
pub struct ServiceName {
    id: String,
    is_gateway: bool,
    /// Where it is written, and the name if that is written out.
    written: Text,
}

impl Property for ServiceName {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let written = Text::read(node, reader)?;
        let found = match written.literal() {
            Some(word) => SERVICES.iter().find(|it| it.word == word).map(|it| (it.id.to_owned(), it.word)),
            None => service_of(&written).map(|word| (id_of(word), word)),
        };
        let Some((id, word)) = found else { return reader.reject(unknown(&written)) };
        let is_gateway = GATEWAYS.contains(&word);
        Some(Self { id, is_gateway, written })
    }

    fn shape() -> Shape {
        let choices = SERVICES.iter().map(|it| Choice { word: it.word, docs: it.docs }).collect();
        Shape::Either(vec![
            Shape::Choice(choices),
            Shape::text("name of a service, such as `com.amazonaws.${AWS::Region}.glue`"),
        ])
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.written.names(see);
    }
}

/// What follows the region in the whole name of a service: `glue` of `com.amazonaws.${AWS::Region}.glue`.
fn service_of(name: &Text) -> Option<&str> {
    let ExprKind::Concat(parts) = &name.0.kind else { return None };
    let [domain, region, service] = parts.as_slice() else { return None };
    let is_of_aws = |it: &str| {
        matches!(it, "com.amazonaws." | "cn.com.amazonaws.") || it.starts_with("aws.") && it.ends_with('.')
    };
    if !domain.as_str().is_some_and(is_of_aws) || *region != Expr::pseudo("AWS::Region") {
        return None;
    }
    service
        .as_str()?
        .strip_prefix('.')
        .filter(|it| it.starts_with(|first: char| first.is_ascii_alphanumeric()))
}

fn id_of(word: &str) -> String {
    let known = SERVICES.iter().find(|it| it.word == word);
    known.map_or_else(|| pascal_case(word), |it| it.id.to_owned())
}

/// The words of a text, between what is neither letter nor digit, each with a capital first letter.
fn pascal_case(text: &str) -> String {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    words.map(|it| it[..1].to_ascii_uppercase() + &it[1..]).collect()
}

fn unknown(written: &Text) -> Diagnostic {
    let fault = |message: String| Diagnostic::error("unknown-service", message).at(written.span());
    let Some(text) = written.literal() else {
        return fault("this is not the name of an endpoint service of AWS".to_owned())
            .help("write it as in `com.amazonaws.${AWS::Region}.glue`");
    };
    let words: Vec<&str> = SERVICES.iter().map(|it| it.word).collect();
    if text.contains("vpce-svc") {
        return fault(format!("`{text}` is not a service of AWS itself"))
            .help("add an `AWS::EC2::VPCEndpoint` under `resources` for it");
    }
    if let Some((_, service)) = text.strip_prefix("com.amazonaws.").and_then(|it| it.split_once('.')) {
        return fault(format!("`{text}` is tied to one region"))
            .help(format!("write `com.amazonaws.${{AWS::Region}}.{service}`"));
    }
    fault(format!("`{text}` is no service known by a word")).help(match nearest(text, &words) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write its whole name, such as `com.amazonaws.${{AWS::Region}}.{text}`"),
    })
}

/// Reports services that are given twice.
pub(super) fn check(endpoints: &[Endpoint], faults: &mut Vec<Diagnostic>) {
    for (at, endpoint) in endpoints.iter().enumerate() {
        if let Some(first) = endpoints[..at].iter().find(|it| it.service.id == endpoint.service.id) {
            faults.push(
                Diagnostic::error(
                    "duplicate-endpoint",
                    "the network has an endpoint for this service already",
                )
                .label(endpoint.service.written.span(), "")
                .label(first.service.written.span(), "the first")
                .help("remove one of them"),
            );
        }
    }
}

/// Adds the endpoints; returns them.
pub(super) fn add(scope: &mut Scope<'_>, endpoints: &[Endpoint], network: &Layout) -> Vec<Handle> {
    endpoints.iter().map(|it| it.add(scope, network)).collect()
}

impl Endpoint {
    fn add(&self, scope: &mut Scope<'_>, network: &Layout) -> Handle {
        let ServiceName { is_gateway, written, .. } = &self.service;
        let name = match written.literal() {
            Some(word) => text!["com.amazonaws.", Expr::pseudo("AWS::Region"), format!(".{word}")],
            None => scope.text(written),
        };
        let mut scope = scope.child(self.id()).caused_by(written.span());
        if *is_gateway {
            let all = [&network.private, &network.public, &network.isolated];
            let tables = all.into_iter().flat_map(|it| tables(it)).map(|it| it.resource.reference());
            return scope.resource("Resource", ENDPOINT, object! {
                "RouteTableIds" => tables.collect::<Vec<_>>(),
                "ServiceName" => name,
                "Tags" => list![tag("Name", network.name.clone())],
                "VpcEndpointType" => "Gateway",
                "VpcId" => network.vpc.reference(),
            });
        }
        let group = security_group(&mut scope, network);
        let inner = network.inner();
        let subnets = if inner.is_empty() { &network.public } else { inner };
        scope.resource("Resource", ENDPOINT, object! {
            "PrivateDnsEnabled" => true,
            "SecurityGroupIds" => list![group.attribute("GroupId")],
            "ServiceName" => name,
            "SubnetIds" => subnets.iter().map(|it| it.resource.reference()).collect::<Vec<_>>(),
            "Tags" => list![tag("Name", network.name.clone())],
            "VpcEndpointType" => "Interface",
            "VpcId" => network.vpc.reference(),
        })
    }
}

/// Who may reach an endpoint: everything in the network, over HTTPS.
fn security_group(endpoint: &mut Scope<'_>, network: &Layout) -> Handle {
    let mut scope = endpoint.child("SecurityGroup");
    let cidr = network.vpc.attribute("CidrBlock");
    let description = scope.path().to_string();
    scope.resource("Resource", SECURITY_GROUP, object! {
        "GroupDescription" => description,
        // An endpoint only answers. Without a rule AWS would allow everything, so there is one that allows nothing.
        "SecurityGroupEgress" => list![object! {
            "CidrIp" => "255.255.255.255/32",
            "Description" => "Disallow all traffic",
            "FromPort" => 252,
            "IpProtocol" => "icmp",
            "ToPort" => 86,
        }],
        "SecurityGroupIngress" => list![object! {
            "CidrIp" => cidr.clone(),
            "Description" => text!["from ", cidr, ":443"],
            "FromPort" => 443,
            "IpProtocol" => "tcp",
            "ToPort" => 443,
        }],
        "Tags" => list![tag("Name", network.name.clone())],
        "VpcId" => network.vpc.reference(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::stack;

    fn faults(endpoints: &str) -> Vec<String> {
        stack(&format!("net: {{type: Network, endpoints: [{endpoints}]}}")).faults()
    }

    #[test]
    fn a_gateway_stands_in_all_route_tables() {
        let built = stack("net: {type: Network, zones: 1, endpoints: [s3]}");
        assert_eq!(
            built.properties("net/S3/Resource"),
            json!({
                "RouteTableIds": ["${net/PrivateSubnet1/RouteTable}", "${net/PublicSubnet1/RouteTable}"],
                "ServiceName": "com.amazonaws.${AWS::Region}.s3",
                "Tags": [{ "Key": "Name", "Value": "Test/net" }],
                "VpcEndpointType": "Gateway",
                "VpcId": "${net/Resource}",
            })
        );
    }

    #[test]
    fn an_interface_admits_https_from_the_network() {
        let built = stack("net: {type: Network, zones: 1, endpoints: [ecr.api]}");
        assert_eq!(
            built.properties("net/EcrApi/Resource"),
            json!({
                "PrivateDnsEnabled": true,
                "SecurityGroupIds": ["${net/EcrApi/SecurityGroup/Resource.GroupId}"],
                "ServiceName": "com.amazonaws.${AWS::Region}.ecr.api",
                "SubnetIds": ["${net/PrivateSubnet1/Subnet}"],
                "Tags": [{ "Key": "Name", "Value": "Test/net" }],
                "VpcEndpointType": "Interface",
                "VpcId": "${net/Resource}",
            })
        );
        assert_eq!(
            built.properties("net/EcrApi/SecurityGroup/Resource"),
            json!({
                "GroupDescription": "Test/net/EcrApi/SecurityGroup",
                "SecurityGroupEgress": [{
                    "CidrIp": "255.255.255.255/32",
                    "Description": "Disallow all traffic",
                    "FromPort": 252,
                    "IpProtocol": "icmp",
                    "ToPort": 86,
                }],
                "SecurityGroupIngress": [{
                    "CidrIp": "${net/Resource.CidrBlock}",
                    "Description": "from ${net/Resource.CidrBlock}:443",
                    "FromPort": 443,
                    "IpProtocol": "tcp",
                    "ToPort": 443,
                }],
                "Tags": [{ "Key": "Name", "Value": "Test/net" }],
                "VpcId": "${net/Resource}",
            })
        );
    }

    #[test]
    fn an_endpoint_may_have_another_id() {
        let built = stack("net: {type: Network, zones: 1, endpoints: [{service: s3, id: S3Endpoint}, sts]}");
        assert_eq!(built.properties("net/S3Endpoint/Resource")["VpcEndpointType"], "Gateway");
        assert_eq!(built.properties("net/Sts/Resource")["VpcEndpointType"], "Interface");
    }

    #[test]
    fn without_private_subnets_an_interface_stands_in_the_public_ones() {
        let built = stack("net: {type: Network, zones: 1, subnets: {private: []}, endpoints: [logs]}");
        assert_eq!(
            built.properties("net/Logs/Resource")["SubnetIds"],
            json!(["${net/PublicSubnet1/Subnet}"])
        );
    }

    #[test]
    fn any_other_service_goes_by_its_whole_name() {
        let built = stack(
            "net: {type: Network, endpoints: ['com.amazonaws.${AWS::Region}.sagemaker.api', 'aws.sagemaker.${AWS::Region}.notebook']}",
        );
        let name = |path| built.properties(path)["ServiceName"].clone();
        assert_eq!(name("net/SagemakerApi/Resource"), json!("com.amazonaws.${AWS::Region}.sagemaker.api"));
        assert_eq!(name("net/Notebook/Resource"), json!("aws.sagemaker.${AWS::Region}.notebook"));
    }

    #[test]
    fn points_at_a_service_there_is_not() {
        assert_eq!(
            faults("erc.api"),
            ["unknown-service at `erc.api`: `erc.api` is no service known by a word"]
        );
        assert_eq!(faults("glue"), ["unknown-service at `glue`: `glue` is no service known by a word"]);
        assert_eq!(
            faults("'com.${AWS::Region}.glue'"),
            [
                "unknown-service at `'com.${AWS::Region}.glue'`: this is not the name of an endpoint service of AWS"
            ]
        );
        assert_eq!(
            faults("com.amazonaws.us-east-1.logs"),
            ["unknown-service at `com.amazonaws.us-east-1.logs`: `com.amazonaws.us-east-1.logs` is tied to one region"]
        );
        assert_eq!(
            faults("com.amazonaws.vpce.us-east-1.vpce-svc-0123"),
            ["unknown-service at `com.amazonaws.vpce.us-east-1.vpce-svc-0123`: \
              `com.amazonaws.vpce.us-east-1.vpce-svc-0123` is not a service of AWS itself"]
        );
    }

    #[test]
    fn says_how_to_write_a_service() {
        let help = |word: &str| {
            let node = Node::text(word.to_owned(), Span::NOWHERE);
            let mut reader = Reader::default();
            assert!(ServiceName::read(&node, &mut reader).is_none());
            reader.diagnostics.remove(0).help.expect("help")
        };
        assert_eq!(help("erc.api"), "did you mean `ecr.api`?");
        assert_eq!(help("glue"), "write its whole name, such as `com.amazonaws.${AWS::Region}.glue`");
        assert_eq!(help("com.amazonaws.us-east-1.ecr.dkr"), "write `com.amazonaws.${AWS::Region}.ecr.dkr`");
    }

    #[test]
    fn points_at_a_service_given_twice() {
        assert_eq!(
            faults("s3, 'com.amazonaws.${AWS::Region}.s3'"),
            [
                "duplicate-endpoint at `'com.amazonaws.${AWS::Region}.s3'`: the network has an endpoint for this service already"
            ]
        );
    }

    #[test]
    fn the_id_of_a_known_service_is_in_pascal_case() {
        for service in SERVICES {
            assert_eq!(service.id.to_lowercase(), pascal_case(service.word).to_lowercase());
        }
    }
}
