//! What AWS answers to lookups, in the shapes of its API references: EC2 2016-11-15, Elastic Load Balancing 2015-12-01,
//! Route 53 2013-04-01, KMS, and Cloud Control.

use crate::support::cloudformation::Server;

pub(super) const ACCOUNT: &str = "123456789012";
pub(super) const REGION: &str = "us-east-1";
pub(super) const BALANCER: &str =
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/50dc6c495c0c9188";
pub(super) const LISTENER: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/front/50dc6c495c0c9188/f2f7dc8efc522ab2";

/// Has the server answer an action with these bodies, one after the other.
pub(super) fn answer(server: &Server, action: &str, bodies: &[String]) {
    server.home(|it| it.scripted.insert(action.to_owned(), bodies.iter().cloned().collect()));
}

/// An answer of EC2.
pub(super) fn ec2(action: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n    \
         <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>\n    {content}\n</{action}Response>"
    )
}

/// An answer of Elastic Load Balancing.
pub(super) fn balancing(action: &str, content: &str) -> String {
    format!(
        "<{action}Response xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><{action}Result>{content}\
         </{action}Result><ResponseMetadata><RequestId>6581c0ac-f39f-11e5-bb98-57195a6eb84a</RequestId></ResponseMetadata>\
         </{action}Response>"
    )
}

pub(super) fn vpcs(ids: &[&str]) -> String {
    let item = |id: &&str| {
        format!(
            "<item><vpcId>{id}</vpcId><ownerId>{ACCOUNT}</ownerId><state>available</state>\
                 <cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockAssociationSet><item><cidrBlock>10.0.0.0/16</cidrBlock>\
                 <associationId>vpc-cidr-assoc-1</associationId><cidrBlockState><state>associated</state></cidrBlockState>\
                 </item></cidrBlockAssociationSet><dhcpOptionsId>dopt-1</dhcpOptionsId>\
                 <instanceTenancy>default</instanceTenancy><isDefault>false</isDefault>\
                 <tagSet><item><key>Name</key><value>main</value></item></tagSet></item>"
        )
    };
    let items: String = ids.iter().map(item).collect();
    ec2("DescribeVpcs", &format!("<vpcSet>{items}</vpcSet>"))
}

/// A subnet: its id, zone and range, whether it gives public addresses, and its tags.
pub(super) fn subnet(id: &str, zone: &str, cidr: &str, is_public: bool, tags: &[(&str, &str)]) -> String {
    let tag = |(key, value): &(&str, &str)| format!("<item><key>{key}</key><value>{value}</value></item>");
    let tags: String = tags.iter().map(tag).collect();
    format!(
        "<item><subnetId>{id}</subnetId><subnetArn>arn:aws:ec2:us-east-1:{ACCOUNT}:subnet/{id}</subnetArn>\
         <state>available</state><ownerId>{ACCOUNT}</ownerId><vpcId>vpc-00000001</vpcId><cidrBlock>{cidr}</cidrBlock>\
         <ipv6CidrBlockAssociationSet/><availableIpAddressCount>251</availableIpAddressCount>\
         <availabilityZone>{zone}</availabilityZone><availabilityZoneId>use1-az1</availabilityZoneId>\
         <defaultForAz>false</defaultForAz><mapPublicIpOnLaunch>{is_public}</mapPublicIpOnLaunch>\
         <tagSet>{tags}</tagSet></item>"
    )
}

pub(super) fn subnets(items: &[String]) -> String {
    ec2("DescribeSubnets", &format!("<subnetSet>{}</subnetSet>", items.concat()))
}

/// A route table: its subnets, of which `main` stands for those that have none, and where its routes lead.
pub(super) fn route_table(id: &str, subnets: &[&str], routes: &[(&str, &str)]) -> String {
    let association = |it: &&str| {
        let of = match *it {
            "main" => "<main>true</main>".to_owned(),
            subnet => format!("<subnetId>{subnet}</subnetId><main>false</main>"),
        };
        format!(
            "<item><routeTableAssociationId>rtbassoc-{it}</routeTableAssociationId><routeTableId>{id}</routeTableId>{of}\
             <associationState><state>associated</state></associationState></item>"
        )
    };
    let route = |(kind, target): &(&str, &str)| {
        format!(
            "<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><{kind}>{target}</{kind}><state>active</state>\
             <origin>CreateRoute</origin></item>"
        )
    };
    format!(
        "<item><routeTableId>{id}</routeTableId><vpcId>vpc-00000001</vpcId><ownerId>{ACCOUNT}</ownerId><routeSet><item>\
         <destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state>\
         <origin>CreateRouteTable</origin></item>{}</routeSet><associationSet>{}</associationSet>\
         <propagatingVgwSet/><tagSet/></item>",
        routes.iter().map(route).collect::<String>(),
        subnets.iter().map(association).collect::<String>()
    )
}

pub(super) fn route_tables(items: &[String]) -> String {
    ec2("DescribeRouteTables", &format!("<routeTableSet>{}</routeTableSet>", items.concat()))
}

pub(super) fn vpn_gateways(ids: &[&str]) -> String {
    let item = |id: &&str| {
        format!("<item><vpnGatewayId>{id}</vpnGatewayId><state>available</state><type>ipsec.1</type></item>")
    };
    let items: String = ids.iter().map(item).collect();
    ec2("DescribeVpnGateways", &format!("<vpnGatewaySet>{items}</vpnGatewaySet>"))
}

/// A network of four subnets, in two zones: public ones, and private ones behind a gateway.
pub(super) fn network(server: &Server) {
    answer(server, "DescribeVpcs", &[vpcs(&["vpc-00000001"])]);
    let named = |kind: &'static str, name: &'static str| {
        [("aws-cdk:subnet-type", kind), ("aws-cdk:subnet-name", name)]
    };
    answer(
        server,
        "DescribeSubnets",
        &[subnets(&[
            subnet("subnet-0000000b", "us-east-1b", "10.0.1.0/24", true, &[]),
            subnet("subnet-0000000a", "us-east-1a", "10.0.0.0/24", true, &[]),
            subnet("subnet-0000000c", "us-east-1a", "10.0.2.0/24", false, &named("Private", "App")),
            subnet("subnet-0000000d", "us-east-1b", "10.0.3.0/24", false, &named("Private", "App")),
        ])],
    );
    answer(
        server,
        "DescribeRouteTables",
        &[route_tables(&[
            route_table("rtb-main", &["main"], &[("gatewayId", "igw-1")]),
            route_table("rtb-private", &["subnet-0000000c", "subnet-0000000d"], &[("natGatewayId", "nat-1")]),
        ])],
    );
    answer(server, "DescribeVpnGateways", &[vpn_gateways(&["vgw-1"])]);
}

pub(super) fn zones() -> String {
    let zone = |name: &str, state: &str| {
        format!(
            "<item><optInStatus>opt-in-not-required</optInStatus><zoneName>{name}</zoneName><zoneState>{state}</zoneState>\
             <regionName>us-east-1</regionName><messageSet/></item>"
        )
    };
    let items = [("us-east-1a", "available"), ("us-east-1b", "impaired"), ("us-east-1c", "available")];
    let items: String = items.iter().map(|(name, state)| zone(name, state)).collect();
    ec2("DescribeAvailabilityZones", &format!("<availabilityZoneInfo>{items}</availabilityZoneInfo>"))
}

pub(super) fn endpoint_services() -> String {
    ec2(
        "DescribeVpcEndpointServices",
        "<serviceNameSet><item>com.amazonaws.vpce.us-east-1.vpce-svc-1</item></serviceNameSet><serviceDetailSet><item>\
         <serviceName>com.amazonaws.vpce.us-east-1.vpce-svc-1</serviceName><availabilityZoneSet><item>us-east-1a</item>\
         <item>us-east-1b</item></availabilityZoneSet><owner>amazon</owner></item></serviceDetailSet>",
    )
}

/// Images, with the moments they were made.
pub(super) fn images(images: &[(&str, &str)]) -> String {
    let item = |(id, made): &(&str, &str)| {
        format!(
            "<item><imageId>{id}</imageId><imageLocation>amazon/x</imageLocation><imageState>available</imageState>\
             <imageOwnerId>137112412989</imageOwnerId><creationDate>{made}</creationDate><isPublic>true</isPublic>\
             <architecture>x86_64</architecture><imageType>machine</imageType><name>al2023</name></item>"
        )
    };
    ec2("DescribeImages", &format!("<imagesSet>{}</imagesSet>", images.iter().map(item).collect::<String>()))
}

/// Security groups that let everything out to these ranges.
pub(super) fn security_groups(groups: &[(&str, bool, bool)]) -> String {
    let item = |(id, ipv4, ipv6): &(&str, bool, bool)| {
        let ipv4 = if *ipv4 {
            "<ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges>"
        } else {
            "<ipRanges/>"
        };
        let ipv6 = if *ipv6 {
            "<ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges>"
        } else {
            "<ipv6Ranges/>"
        };
        format!(
            "<item><ownerId>{ACCOUNT}</ownerId><groupId>{id}</groupId><groupName>web</groupName>\
             <groupDescription>web</groupDescription><vpcId>vpc-00000001</vpcId><ipPermissions/><ipPermissionsEgress><item>\
             <ipProtocol>-1</ipProtocol><groups/>{ipv4}{ipv6}<prefixListIds/></item></ipPermissionsEgress></item>"
        )
    };
    let items: String = groups.iter().map(item).collect();
    ec2("DescribeSecurityGroups", &format!("<securityGroupInfo>{items}</securityGroupInfo>"))
}

/// Load balancers by name, each with its type.
pub(super) fn load_balancers(balancers: &[(&str, &str)], next: Option<&str>) -> String {
    let member = |(arn, kind): &(&str, &str)| {
        format!(
            "<member><LoadBalancerArn>{arn}</LoadBalancerArn><Scheme>internet-facing</Scheme>\
             <LoadBalancerName>front</LoadBalancerName><VpcId>vpc-00000001</VpcId>\
             <CanonicalHostedZoneId>Z2P70J7EXAMPLE</CanonicalHostedZoneId>\
             <CreatedTime>2016-03-25T21:26:12.920Z</CreatedTime><AvailabilityZones/>\
             <SecurityGroups><member>sg-5943793c</member></SecurityGroups>\
             <DNSName>front-424835706.us-east-1.elb.amazonaws.com</DNSName><State><Code>active</Code></State>\
             <IpAddressType>ipv4</IpAddressType><Type>{kind}</Type></member>"
        )
    };
    let marker = next.map_or_else(String::new, |it| format!("<NextMarker>{it}</NextMarker>"));
    let members: String = balancers.iter().map(member).collect();
    balancing("DescribeLoadBalancers", &format!("<LoadBalancers>{members}</LoadBalancers>{marker}"))
}

pub(super) fn tags(arn: &str) -> String {
    let tags = format!(
        "<TagDescriptions><member><ResourceArn>{arn}</ResourceArn><Tags><member><Key>team</Key><Value>web</Value></member>\
         <member><Key>empty</Key><Value></Value></member></Tags></member></TagDescriptions>"
    );
    balancing("DescribeTags", &tags)
}

pub(super) fn listeners(ports: &[(&str, u16, &str)]) -> String {
    let member = |(arn, port, protocol): &(&str, u16, &str)| {
        format!(
            "<member><LoadBalancerArn>{BALANCER}</LoadBalancerArn><Protocol>{protocol}</Protocol><Port>{port}</Port>\
             <ListenerArn>{arn}</ListenerArn><DefaultActions><member><Type>forward</Type></member></DefaultActions></member>"
        )
    };
    let members: String = ports.iter().map(member).collect();
    balancing("DescribeListeners", &format!("<Listeners>{members}</Listeners>"))
}

/// Hosted zones: id, name, and whether they are private; `next` is the name and id that the next page begins with.
pub(super) fn hosted_zones(zones: &[(&str, &str, bool)], next: Option<(&str, &str)>) -> String {
    let zone = |(id, name, is_private): &(&str, &str, bool)| {
        format!(
            "<HostedZone><Id>/hostedzone/{id}</Id><Name>{name}</Name><CallerReference>{id}</CallerReference><Config>\
             <Comment>x</Comment><PrivateZone>{is_private}</PrivateZone></Config>\
             <ResourceRecordSetCount>2</ResourceRecordSetCount></HostedZone>"
        )
    };
    let next = match next {
        Some((name, id)) => format!(
            "<IsTruncated>true</IsTruncated><NextDNSName>{name}</NextDNSName><NextHostedZoneId>{id}</NextHostedZoneId>"
        ),
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListHostedZonesByNameResponse \
         xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZones>{}</HostedZones>\
         <DNSName>example.com</DNSName>{next}<MaxItems>100</MaxItems></ListHostedZonesByNameResponse>",
        zones.iter().map(zone).collect::<String>()
    )
}

pub(super) fn hosted_zone(vpc: &str) -> String {
    format!(
        "<GetHostedZoneResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZone>\
         <Id>/hostedzone/Z1</Id><Name>example.com.</Name><CallerReference>Z1</CallerReference></HostedZone><VPCs><VPC>\
         <VPCRegion>us-east-1</VPCRegion><VPCId>{vpc}</VPCId></VPC></VPCs></GetHostedZoneResponse>"
    )
}
