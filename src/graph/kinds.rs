//! What types of resources mean for a picture: the one table to add to when AWS, or a construct, brings a new one.

/// What a card does, as a reader of the picture sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Runs containers.
    Service,
    /// A container that runs now and then.
    Task,
    /// Virtual machines.
    Instances,
    /// Builds and deploys.
    Pipeline,
    /// Filters requests.
    Firewall,
    /// A name in the DNS.
    Domain,
    /// Spreads requests.
    Balancer,
    /// Code that runs when called.
    Function,
    /// Keeps records.
    Database,
    /// Keeps container images.
    Registry,
    /// Keeps files.
    Bucket,
    /// Tells subscribers.
    Topic,
    /// Keeps messages until they are worked off.
    Queue,
    /// Where services run.
    Cluster,
    /// Begins something at times, or when something happens.
    Schedule,
    /// A private network.
    Network,
    /// The way from a network to another.
    Gateway,
    /// Watches.
    Alarm,
    /// Keeps keys and secrets.
    Secret,
    /// Says who may do what.
    Identity,
    /// Anything else.
    Other,
    /// Everybody, outside of AWS.
    Internet,
    /// Where code comes from, outside of AWS.
    Git,
    /// The other end of a VPN.
    Peer,
}

impl Role {
    /// What a part of a construct is called that has a card of its own.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::Task => "Task",
            Self::Instances => "Instances",
            Self::Pipeline => "Pipeline",
            Self::Firewall => "Web application firewall",
            Self::Domain => "DNS name",
            Self::Balancer => "Load balancer",
            Self::Function => "Function",
            Self::Database => "Database",
            Self::Registry => "Image registry",
            Self::Bucket => "Bucket",
            Self::Topic => "Topic",
            Self::Queue => "Queue",
            Self::Cluster => "Cluster",
            Self::Schedule => "Schedule",
            Self::Network => "Network",
            Self::Gateway => "VPN gateway",
            Self::Alarm => "Alarm",
            Self::Secret => "Secret",
            Self::Identity => "Role",
            Self::Internet => "Everybody",
            Self::Git => "Git repository",
            Self::Peer => "VPN peer",
            Self::Other => "",
        }
    }

    /// Whether it is outside of AWS.
    pub fn is_outside(self) -> bool {
        matches!(self, Self::Internet | Self::Git | Self::Peer)
    }

    /// Whether it stands in subnets, if its template says in which.
    pub(super) fn runs_in_network(self) -> bool {
        match self {
            Self::Service
            | Self::Task
            | Self::Instances
            | Self::Balancer
            | Self::Function
            | Self::Database
            | Self::Gateway
            | Self::Other => true,
            Self::Pipeline
            | Self::Firewall
            | Self::Domain
            | Self::Registry
            | Self::Bucket
            | Self::Topic
            | Self::Queue
            | Self::Cluster
            | Self::Schedule
            | Self::Network
            | Self::Alarm
            | Self::Secret
            | Self::Identity
            | Self::Internet
            | Self::Git
            | Self::Peer => false,
        }
    }

    /// Whether it has a card of its own in a construct that is chiefly `main`: it stands elsewhere in the network, or on
    /// the way to it.
    pub(super) fn stands_apart_from(self, main: Self) -> bool {
        let runs = matches!(main, Self::Service | Self::Task | Self::Instances | Self::Function);
        match self {
            Self::Balancer => main != Self::Balancer,
            Self::Queue => runs,
            Self::Gateway => main == Self::Network,
            _ => false,
        }
    }
}

/// What the types mean that a construct may be about; those that say most of it first.
const ROLES: &[(&str, Role)] = &[
    ("AWS::ECS::Service", Role::Service),
    ("AWS::AppRunner::Service", Role::Service),
    ("AWS::ECS::TaskDefinition", Role::Task),
    ("AWS::EC2::VPC", Role::Network),
    ("AWS::CodePipeline::Pipeline", Role::Pipeline),
    ("AWS::CodeBuild::Project", Role::Pipeline),
    ("AWS::AutoScaling::AutoScalingGroup", Role::Instances),
    ("AWS::EC2::Instance", Role::Instances),
    ("AWS::EKS::Nodegroup", Role::Instances),
    ("AWS::RDS::DBCluster", Role::Database),
    ("AWS::RDS::DBInstance", Role::Database),
    ("AWS::DynamoDB::Table", Role::Database),
    ("AWS::DynamoDB::GlobalTable", Role::Database),
    ("AWS::ElastiCache::ReplicationGroup", Role::Database),
    ("AWS::ElastiCache::CacheCluster", Role::Database),
    ("AWS::ElastiCache::ServerlessCache", Role::Database),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", Role::Balancer),
    ("AWS::WAFv2::WebACL", Role::Firewall),
    ("AWS::Lambda::Function", Role::Function),
    ("AWS::Serverless::Function", Role::Function),
    ("AWS::Route53::RecordSet", Role::Domain),
    ("AWS::ECR::Repository", Role::Registry),
    ("AWS::S3::Bucket", Role::Bucket),
    ("AWS::SNS::Topic", Role::Topic),
    ("AWS::SQS::Queue", Role::Queue),
    ("AWS::ECS::Cluster", Role::Cluster),
    ("AWS::EKS::Cluster", Role::Cluster),
    ("AWS::Scheduler::Schedule", Role::Schedule),
    ("AWS::Events::Rule", Role::Schedule),
    ("AWS::EC2::VPNGateway", Role::Gateway),
    ("AWS::EC2::TransitGatewayAttachment", Role::Gateway),
    ("AWS::CloudWatch::Alarm", Role::Alarm),
    ("AWS::CloudWatch::CompositeAlarm", Role::Alarm),
    ("AWS::SecretsManager::Secret", Role::Secret),
    ("AWS::KMS::Key", Role::Secret),
    ("AWS::IAM::Role", Role::Identity),
];

/// Types that only serve something else: where they belong to no construct, they are drawn as part of that.
const SERVING: &[&str] = &[
    "AWS::ApplicationAutoScaling::",
    "AWS::AutoScaling::ScalingPolicy",
    "AWS::CloudFormation::WaitCondition",
    "AWS::EC2::CustomerGateway",
    "AWS::EC2::EIP",
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::FlowLog",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::NatGateway",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPCCidrBlock",
    "AWS::EC2::VPCDHCPOptions",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::EC2::VPNConnection",
    "AWS::EC2::VPNGatewayRoutePropagation",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::TaskDefinition",
    "AWS::EKS::AccessEntry",
    "AWS::EKS::Addon",
    "AWS::EKS::PodIdentityAssociation",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::",
    "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::DBParameterGroup",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::WAFv2::IPSet",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::RegexPatternSet",
    "AWS::WAFv2::WebACLAssociation",
];

/// Of what serves something: types that say what in one property.
const MASTERS: &[(&str, &str)] = &[
    ("AWS::ApplicationAutoScaling::ScalableTarget", "ResourceId"),
    ("AWS::EC2::SecurityGroupEgress", "GroupId"),
    ("AWS::EC2::SecurityGroupIngress", "GroupId"),
    ("AWS::EC2::VPNConnection", "VpnGatewayId"),
    ("AWS::EKS::AccessEntry", "ClusterName"),
    ("AWS::EKS::Addon", "ClusterName"),
    ("AWS::EKS::PodIdentityAssociation", "ClusterName"),
    ("AWS::ElasticLoadBalancingV2::Listener", "LoadBalancerArn"),
    ("AWS::ElasticLoadBalancingV2::ListenerCertificate", "ListenerArn"),
    ("AWS::ElasticLoadBalancingV2::ListenerRule", "ListenerArn"),
    ("AWS::IAM::Policy", "Roles"),
    ("AWS::Lambda::EventSourceMapping", "FunctionName"),
    ("AWS::Lambda::Permission", "FunctionName"),
    ("AWS::S3::BucketPolicy", "Bucket"),
    ("AWS::SNS::Subscription", "TopicArn"),
    ("AWS::SNS::TopicPolicy", "Topics"),
    ("AWS::SQS::QueuePolicy", "Queues"),
    ("AWS::WAFv2::LoggingConfiguration", "ResourceArn"),
    ("AWS::WAFv2::WebACLAssociation", "WebACLArn"),
];

/// Types a network consists of.
const NETWORK: &[&str] = &[
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::FlowLog",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::Route",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPCCidrBlock",
    "AWS::EC2::VPCDHCPOptions",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::EC2::VPNGatewayRoutePropagation",
];

/// What a resource of this type means, and how much of a construct it says: the smaller the number, the more.
pub(super) fn role(kind: &str) -> Option<(usize, Role)> {
    let at = ROLES.iter().position(|(it, _)| *it == kind)?;
    Some((at, ROLES[at].1))
}

/// Whether a resource of this type only serves something else.
pub(super) fn serves(kind: &str) -> bool {
    SERVING.iter().any(|it| kind.starts_with(it))
}

/// The property in which a resource of this type says what it serves.
pub(super) fn master_key(kind: &str) -> Option<&'static str> {
    MASTERS.iter().find(|(it, _)| *it == kind).map(|(_, key)| *key)
}

/// Whether a resource of this type is a part of a network.
pub(super) fn makes_network(kind: &str) -> bool {
    NETWORK.iter().any(|it| kind.starts_with(it))
}

/// Whether a resource of this type is of no interest to anybody.
pub(super) fn is_hidden(kind: &str) -> bool {
    matches!(kind, "AWS::CDK::Metadata")
}

/// What an action in a policy lets one do with what it is allowed for.
pub(super) fn verb(action: &str) -> Option<&'static str> {
    Some(match action {
        "sqs:ReceiveMessage" | "dynamodb:GetItem" | "s3:GetObject" | "s3:GetObject*" => "reads",
        "sqs:SendMessage" => "sends",
        "s3:PutObject" | "dynamodb:PutItem" => "writes",
        "sns:Publish" => "notifies",
        "ecr:BatchGetImage" => "pulls",
        "ecr:PutImage" => "pushes",
        "ecs:UpdateService" => "deploys",
        "ecs:RunTask" => "starts",
        "lambda:InvokeFunction" => "calls",
        _ => return None,
    })
}

/// Whether a resource of this type says who may make use of it, and so refers to these.
pub(super) fn admits(kind: &str) -> bool {
    matches!(
        kind,
        "AWS::KMS::Key" | "AWS::S3::BucketPolicy" | "AWS::SNS::TopicPolicy" | "AWS::SQS::QueuePolicy"
    )
}

/// A type as people say it: `S3 Bucket`.
pub(super) fn spoken(kind: &str) -> String {
    kind.strip_prefix("AWS::").unwrap_or(kind).replace("::", " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_tables_exists() {
        let exact = ROLES.iter().map(|(it, _)| *it).chain(MASTERS.iter().map(|(it, _)| *it));
        for kind in exact.filter(|it| !it.starts_with("AWS::Serverless::")) {
            assert!(asi_schemas::find(kind).is_some(), "{kind}");
        }
        for prefix in SERVING.iter().chain(NETWORK) {
            assert!(asi_schemas::types().any(|it| it.starts_with(prefix)), "{prefix}");
        }
        for kind in NETWORK.iter().chain(MASTERS.iter().map(|(it, _)| it)) {
            assert!(serves(kind), "{kind}");
        }
    }
}
