//! A network that is there already: made by another stack, by another tool, or with the account.
//!
//! It makes no resource, and asks nobody what is in it: what it says of the network is what is written, here or in the
//! file in which the CDK keeps what it has looked up. What is missing there it reports.

mod lookup;

use ipnet::Ipv4Net;

use crate::{
    kernel::{expr::ExprKind, prelude::*},
    targets::{self, SubnetIds},
};

pub use lookup::Lookup;

properties! {
    /// A network that is there already, for what runs in it.
    ///
    /// It adds nothing to the stack, and stands wherever a `Network` may. Its ids are written out, or given at
    /// deployment, as parameters of the types `AWS::EC2::VPC::Id` and `List<AWS::EC2::Subnet::Id>`, or imported
    /// from another stack: `!ImportValue infra-vpc`, `!Split [",", !ImportValue infra-private-subnets]`.
    pub struct ImportedNetwork {
        /// The id of the VPC: `vpc-0a1b2c3d4e5f60718`, or `${param.Vpc}`. Without it there is a `lookup`.
        vpc: Option<VpcId>,
        /// The ids of its subnets: public ones, private ones, or both.
        subnets: Option<Spanned<Subnets>>,
        /// Which VPC it is, in place of `vpc` and `subnets`: `{default: true}`, `{name: main}`. What is in it stands in
        /// `cdk.context.json` beside the stack file, where the CDK keeps what it has looked up, too; `asi context fetch`
        /// looks it up.
        lookup: Option<Spanned<Lookup>>,
        /// The VPC's range of addresses, such as `10.0.0.0/16`. If absent, a service with `access: internal` has
        /// to say whom it allows.
        cidr: Option<Range>,
    }
}

properties! {
    /// The subnets of a network that is there already.
    pub struct Subnets {
        /// The public ones, whose traffic goes through an internet gateway: `[subnet-0a1b2c3d, subnet-4e5f6071]`,
        /// or `${param.PublicSubnets}`. All subnets of an account's default VPC are public.
        public: Ids,
        /// The private ones, likewise. It is taken for granted that they have a way out, such as a NAT gateway.
        private: Ids,
    }
}

/// The id of a VPC, written out or referred to.
#[derive(Clone, Debug)]
pub struct VpcId(Text);

/// The id of a subnet, written out or referred to.
#[derive(Clone, Debug)]
pub struct SubnetId(Text);

/// The ids of some subnets.
#[derive(Clone, Debug)]
pub enum Ids {
    /// These.
    Listed(Vec<SubnetId>),
    /// What gives a list of them, such as a parameter.
    Whole(Text),
}

/// A range of addresses, written out or referred to.
#[derive(Clone, Debug)]
pub struct Range(Text);

exports! {
    /// What other constructs may use of an [`ImportedNetwork`].
    pub struct Exports {
        /// The id of the VPC.
        vpc_id: Expr<Handle>,
        /// Its range of addresses, if that is written.
        cidr: Option<Expr<Handle>>,
        /// The ids of the public subnets.
        public_subnet_ids: SubnetIds,
        /// The ids of the private subnets.
        private_subnet_ids: SubnetIds,
        /// Itself, for what runs in it.
        network: targets::Network,
    }
}

impl Construct for ImportedNetwork {
    const KIND: &'static str = "ImportedNetwork";
    const EXAMPLE: &'static str = include_str!("imported_network.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        if let Some(lookup) = &self.lookup {
            return self.check_lookup(lookup, faults);
        }
        let (Some(_), Some(subnets)) = (&self.vpc, &self.subnets) else {
            let (missing, other) = if self.vpc.is_none() { ("vpc", "subnets") } else { ("subnets", "vpc") };
            let fault = if self.vpc.is_none() && self.subnets.is_none() {
                Diagnostic::error("missing-property", "nothing says which network it is")
                    .help("add `vpc:` and `subnets:`, or `lookup:`")
            } else {
                let at = self.vpc.as_ref().map(|it| it.0.span()).or(self.subnets.as_ref().map(|it| it.span));
                Diagnostic::error("missing-property", format!("the property `{missing}` is missing"))
                    .at(at.unwrap_or_default())
                    .help(format!("add `{missing}:` beside `{other}`"))
            };
            return faults.push(fault);
        };
        let Subnets { public, private } = &subnets.value;
        if public.are_none() && private.are_none() {
            faults.push(
                Diagnostic::error("network-subnets", "the network has no subnets")
                    .at(subnets.span)
                    .help("give it the `public` ones, the `private` ones, or both"),
            );
        }
        let mut seen: Vec<&Text> = Vec::new();
        for id in public.written().chain(private.written()) {
            if let Some(first) = seen.iter().find(|it| without_places(it) == without_places(id)) {
                let fault = match id.literal() {
                    Some(text) => format!("the subnet `{text}` is given twice"),
                    None => "these subnets are given twice".to_owned(),
                };
                faults.push(
                    Diagnostic::error("duplicate-subnet", fault)
                        .label(id.span(), "")
                        .label(first.span(), "the first time")
                        .help("remove one of them: a subnet is either public or private"),
                );
            }
            seen.push(id);
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let offer = match (&self.lookup, &self.vpc, &self.subnets) {
            (Some(lookup), ..) => lookup.value.resolve(scope, lookup.span)?,
            (None, Some(vpc), Some(subnets)) => targets::Network {
                vpc_id: scope.text(&vpc.0),
                cidr: self.cidr.as_ref().map(|it| scope.text(&it.0)),
                public_subnet_ids: subnets.value.public.resolve(scope),
                private_subnet_ids: subnets.value.private.resolve(scope),
                internet: Vec::new(),
                outbound: Some(Vec::new()),
            },
            (None, ..) => unreachable!("`check` found both"),
        };
        Ok(Exports {
            vpc_id: offer.vpc_id.clone(),
            cidr: offer.cidr.clone(),
            public_subnet_ids: offer.public_subnet_ids.clone(),
            private_subnet_ids: offer.private_subnet_ids.clone(),
            network: offer,
        })
    }
}

impl ImportedNetwork {
    /// Reports what a lookup tells as well.
    fn check_lookup(&self, lookup: &Spanned<Lookup>, faults: &mut Vec<Diagnostic>) {
        lookup.value.check(lookup.span, faults);
        let vpc = self.vpc.as_ref().map(|it| it.0.span());
        let cidr = self.cidr.as_ref().map(|it| it.0.span());
        for span in vpc.into_iter().chain(self.subnets.as_ref().map(|it| it.span)).chain(cidr) {
            faults.push(
                Diagnostic::error("no-effect", "what is looked up is not written, too")
                    .at(span)
                    .label(lookup.span, "looked up here")
                    .help("remove it, or `lookup`"),
            );
        }
    }
}

impl Ids {
    fn are_none(&self) -> bool {
        matches!(self, Self::Listed(ids) if ids.is_empty())
    }

    /// Each text that is written for them.
    fn written(&self) -> impl Iterator<Item = &Text> {
        let (listed, whole) = match self {
            Self::Listed(ids) => (ids.as_slice(), None),
            Self::Whole(text) => (&[][..], Some(text)),
        };
        listed.iter().map(|it| &it.0).chain(whole)
    }

    fn resolve(&self, scope: &mut Scope<'_>) -> SubnetIds {
        match self {
            Self::Listed(ids) => ids.iter().map(|it| scope.text(&it.0)).collect(),
            Self::Whole(text) => SubnetIds(scope.value(&text.0)),
        }
    }
}

/// What a text says, wherever the names in it stand.
fn without_places(text: &Text) -> Expr<String> {
    text.0.clone().map_refs(&mut |name, attribute, _| match attribute {
        None => Expr::reference(name.text),
        Some(attribute) => ExprKind::GetAtt(name.text, attribute).into(),
    })
}

impl Property for VpcId {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        read_id(node, reader, "vpc-", "a VPC").map(Self)
    }

    fn shape() -> Shape {
        Shape::text("the id of a VPC, or what refers to one")
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.0.names(see);
    }
}

impl Property for SubnetId {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        read_id(node, reader, "subnet-", "a subnet").map(Self)
    }

    fn shape() -> Shape {
        Shape::text("the id of a subnet, or what refers to one")
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.0.names(see);
    }
}

/// Reads an id; what refers to something is known at deployment only.
fn read_id(node: &Node, reader: &mut Reader, prefix: &str, what: &str) -> Option<Text> {
    let text = Text::read(node, reader)?;
    match text.literal() {
        Some(id) if !is_id(id, prefix) => reader.reject(
            Diagnostic::error("resource-id", format!("`{id}` is not the id of {what}"))
                .at(node.span)
                .help(format!("write `{prefix}` and 17 hexadecimal digits, as in `{prefix}0a1b2c3d4e5f60718`")),
        ),
        _ => Some(text),
    }
}

/// Whether it is `prefix` and the digits of an id: 17, or 8 for what was made before 2018.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
    })
}

impl Property for Ids {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.as_list().is_some() {
            return Vec::read(node, reader).map(Self::Listed);
        }
        let whole = Text::read(node, reader)?;
        match whole.0.kind {
            // A text, even one that is put together, is no list.
            ExprKind::String(_) | ExprKind::Concat(_) => {
                reader.mismatch(node, "a list of ids, or what refers to one")
            }
            _ => Some(Self::Whole(whole)),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self::Listed(Vec::new()))
    }

    fn shape() -> Shape {
        Shape::Either(vec![
            Shape::List(Box::new(SubnetId::shape())),
            Shape::text("what refers to a list, such as `${param.Subnets}`"),
        ])
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.written().for_each(|it| it.names(see));
    }
}

impl Property for Range {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = Text::read(node, reader)?;
        if text.literal().is_some() {
            Ipv4Net::read(node, reader)?;
        }
        Some(Self(text))
    }

    fn shape() -> Shape {
        Shape::text("an address range, such as `10.0.0.0/16`, or what refers to one")
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.0.names(see);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    /// A service in a network of these subnets; in each stack there is a parameter `Param`.
    fn with(subnets: &str, service: &str) -> Stack {
        stack(&format!(
            "net:\n  type: ImportedNetwork\n  vpc: vpc-0a1b2c3d\n  subnets: {subnets}\n\
             web: {{type: FargateService, network: net, image: 'a:1', port: 80{service}}}"
        ))
    }

    fn faults(subnets: &str) -> Vec<String> {
        stack(&format!("net: {{type: ImportedNetwork, vpc: vpc-0a1b2c3d, subnets: {subnets}}}")).faults()
    }

    fn addresses(stack: &Stack) -> Value {
        stack.properties("web/Service/Service")["NetworkConfiguration"]["AwsvpcConfiguration"].clone()
    }

    const BOTH: &str = "{public: [subnet-00000001, subnet-00000002], private: [subnet-00000003]}";

    #[test]
    fn stands_where_a_network_may_and_adds_nothing() {
        let stack = with(BOTH, "");
        assert_eq!(stack.faults(), [""; 0]);
        assert!(stack.resources().iter().all(|(path, _)| path.starts_with("web/")));
        assert_eq!(
            addresses(&stack),
            json!({
                "AssignPublicIp": "DISABLED",
                "SecurityGroups": ["${web/Service/SecurityGroup/Resource.GroupId}"],
                "Subnets": ["subnet-00000003"],
            })
        );
        assert_eq!(
            stack.properties("web/LB/Resource")["Subnets"],
            json!(["subnet-00000001", "subnet-00000002"])
        );
        assert_eq!(stack.depends_on("web/LB/Resource"), [""; 0]);
        for path in
            ["web/LB/SecurityGroup/Resource", "web/Service/SecurityGroup/Resource", "web/LB/PublicListener/ECSGroup/Resource"]
        {
            assert_eq!(stack.properties(path)["VpcId"], "vpc-0a1b2c3d", "{path}");
        }
    }

    #[test]
    fn a_task_in_public_subnets_has_a_public_address() {
        let stack = with("{public: '${param.Param}'}", "");
        assert_eq!(stack.faults(), [""; 0]);
        let addresses = addresses(&stack);
        assert_eq!(addresses["AssignPublicIp"], "ENABLED");
        assert_eq!(addresses["Subnets"], "${Param}");
        assert_eq!(stack.properties("web/LB/Resource")["Subnets"], "${Param}");
    }

    #[test]
    fn takes_what_is_given_at_deployment() {
        let stack = stack(
            "net:\n  type: ImportedNetwork\n  vpc: !ImportValue infra-vpc\n  cidr: ${param.Param}\n  subnets:\n    \
             public: !Split [',', !ImportValue infra-public]\n    private: ['${param.Param}', !ImportValue infra-private]\n",
        );
        assert_eq!(stack.faults(), [""; 0]);
        let attribute = |name| stack.attribute("net", name);
        assert_eq!(attribute("vpcId"), json!({ "Fn::ImportValue": "infra-vpc" }));
        assert_eq!(attribute("cidr"), "${Param}");
        assert_eq!(
            attribute("publicSubnetIds"),
            json!({ "Fn::Split": [",", { "Fn::ImportValue": "infra-public" }] })
        );
        assert_eq!(
            attribute("privateSubnetIds"),
            json!(["${Param}", { "Fn::ImportValue": "infra-private" }])
        );
    }

    #[test]
    fn an_internal_service_needs_the_range_or_whom_it_allows() {
        let internal = ", access: internal";
        let subnets = "{private: [subnet-00000001, subnet-00000002]}";
        assert_eq!(
            with(subnets, internal).faults(),
            [
                "network-range at `internal`: all of `net` may call the load balancer, and its range is not known"
            ]
        );
        assert_eq!(with(subnets, ", access: internal, allow: [10.1.0.0/16]").faults(), [""; 0]);
        let stack = with(&format!("{subnets}\n  cidr: 10.1.0.0/16"), internal);
        assert_eq!(
            stack.properties("web/LB/SecurityGroup/Resource")["SecurityGroupIngress"][0]["CidrIp"],
            "10.1.0.0/16"
        );
    }

    #[test]
    fn a_load_balancer_needs_the_subnets_it_stands_in() {
        assert_eq!(
            with("{private: [subnet-00000001, subnet-00000002]}", "").faults(),
            ["balancer-subnets at `net`: `net` has no public subnets for a public load balancer"]
        );
        assert_eq!(
            with("{public: [subnet-00000001]}", "").faults(),
            [
                "balancer-subnets at `net`: a load balancer needs subnets in two zones, and `net` has one public subnet"
            ]
        );
    }

    #[test]
    fn points_at_what_is_no_id() {
        let vpc = |id: &str| {
            stack(&format!("net: {{type: ImportedNetwork, vpc: {id}, subnets: {{public: [subnet-00000001]}}}}"))
                .faults()
        };
        for id in ["vpc-1", "subnet-0a1b2c3d", "vpc-0A1B2C3D", "vpc-0a1b2c3d4", "default"] {
            assert_eq!(vpc(id), [format!("resource-id at `{id}`: `{id}` is not the id of a VPC")]);
        }
        assert_eq!(vpc("vpc-0a1b2c3d4e5f60718"), [""; 0]);
        assert_eq!(
            faults("{public: [subnet-xyz, subnet-00000001], private: [vpc-0a1b2c3d]}"),
            [
                "resource-id at `subnet-xyz`: `subnet-xyz` is not the id of a subnet",
                "resource-id at `vpc-0a1b2c3d`: `vpc-0a1b2c3d` is not the id of a subnet",
            ]
        );
    }

    #[test]
    fn points_at_a_text_where_a_list_is_due() {
        for text in ["subnet-00000001", "'subnet-${param.Param}'"] {
            let found = faults(&format!("{{public: {text}}}"));
            let [fault] = found.as_slice() else { panic!("{found:?}") };
            assert!(
                fault.starts_with(&format!(
                    "wrong-type at `{text}`: expected a list of ids, or what refers to one, found"
                )),
                "{fault}"
            );
        }
    }

    #[test]
    fn points_at_a_subnet_that_is_given_twice() {
        assert_eq!(
            faults("{public: [subnet-00000001, subnet-00000002], private: [subnet-00000001]}"),
            ["duplicate-subnet at `subnet-00000001`: the subnet `subnet-00000001` is given twice"]
        );
        assert_eq!(
            faults("{public: '${param.Param}', private: '${param.Param}'}"),
            ["duplicate-subnet at `'${param.Param}'`: these subnets are given twice"]
        );
    }

    #[test]
    fn points_at_a_network_without_subnets() {
        for subnets in ["{}", "{public: [], private: []}"] {
            assert_eq!(
                faults(subnets),
                [format!("network-subnets at `{subnets}`: the network has no subnets")]
            );
        }
        assert_eq!(
            stack("net: {type: ImportedNetwork, vpc: vpc-0a1b2c3d}").faults(),
            ["missing-property at `vpc-0a1b2c3d`: the property `subnets` is missing"]
        );
    }

    #[test]
    fn points_at_a_range_that_is_none() {
        assert_eq!(
            faults("{public: [subnet-00000001]}, cidr: 10.0.0.1/16"),
            ["cidr-host-bits at `10.0.0.1/16`: `10.0.0.1/16` is no range: its address lies inside `10.0.0.0/16`"]
        );
    }
}
