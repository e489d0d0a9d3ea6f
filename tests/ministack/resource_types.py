"""Resource types for tests: those MiniStack does not know, as stubs, and one that fails when it is told to."""

import time
import uuid
from collections import defaultdict

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners, stacks

# Of each type, what `Ref` gives, what `Fn::GetAtt` gives, and the properties that cannot change without a replacement.
# The forms take the resource's properties, and what `fill` adds to them.
STUBS = {
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        "{ResourceId}|{ScalableDimension}|{ServiceNamespace}",
        {"Id": "{id}"},
        ("ResourceId", "ScalableDimension", "ServiceNamespace"),
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": (
        "arn:aws:autoscaling:{region}:{account}:scalingPolicy:{uuid}:policyName/{PolicyName}",
        {"Arn": "{id}"},
        ("PolicyName", "ResourceId", "ScalableDimension", "ScalingTargetId", "ServiceNamespace"),
    ),
    "AWS::CodePipeline::Pipeline": ("{name}", {"Version": "1"}, ("Name",)),
    "AWS::EC2::EIP": ("198.51.100.{number}", {"AllocationId": "eipalloc-{hex}", "PublicIp": "{id}"}, ("Domain",)),
    "AWS::EC2::Instance": ("i-{hex}", {"InstanceId": "{id}", "PrivateIp": "10.0.0.{number}"}, ("ImageId",)),
    "AWS::EC2::NatGateway": (
        "nat-{hex}",
        {"NatGatewayId": "{id}"},
        ("AllocationId", "ConnectivityType", "PrivateIpAddress", "SubnetId"),
    ),
    "AWS::EC2::SecurityGroupEgress": (
        "sgr-{hex}",
        {"Id": "{id}"},
        (
            "CidrIp",
            "CidrIpv6",
            "DestinationPrefixListId",
            "DestinationSecurityGroupId",
            "FromPort",
            "GroupId",
            "IpProtocol",
            "ToPort",
        ),
    ),
    "AWS::EC2::SecurityGroupIngress": (
        "sgr-{hex}",
        {"Id": "{id}"},
        (
            "CidrIp",
            "CidrIpv6",
            "FromPort",
            "GroupId",
            "GroupName",
            "IpProtocol",
            "SourcePrefixListId",
            "SourceSecurityGroupId",
            "SourceSecurityGroupName",
            "SourceSecurityGroupOwnerId",
            "ToPort",
        ),
    ),
    "AWS::EC2::VPNGateway": ("vgw-{hex}", {"VPNGatewayId": "{id}"}, ("AmazonSideAsn", "Type")),
    "AWS::ECS::CapacityProvider": ("{name}", {}, ("Name",)),
    "AWS::ECS::ClusterCapacityProviderAssociations": ("{Cluster}", {}, ("Cluster",)),
    "AWS::EKS::AccessEntry": (
        "{PrincipalArn}|{ClusterName}",
        {"AccessEntryArn": "arn:aws:eks:{region}:{account}:access-entry/{ClusterName}/role/{uuid}"},
        ("ClusterName", "PrincipalArn", "Type"),
    ),
    "AWS::EKS::Addon": (
        "{ClusterName}|{AddonName}",
        {"Arn": "arn:aws:eks:{region}:{account}:addon/{ClusterName}/{AddonName}/{uuid}"},
        ("AddonName", "ClusterName"),
    ),
    "AWS::EKS::PodIdentityAssociation": (
        "arn:aws:eks:{region}:{account}:podidentityassociation/{ClusterName}/a-{hex}",
        {"AssociationArn": "{id}", "AssociationId": "a-{hex}"},
        ("ClusterName", "Namespace", "ServiceAccount"),
    ),
    "AWS::IAM::OIDCProvider": ("arn:aws:iam::{account}:oidc-provider/{host}", {"Arn": "{id}"}, ("Url",)),
    "AWS::WAFv2::IPSet": (
        "{name}|{uuid}|{Scope}",
        {"Arn": "arn:aws:wafv2:{region}:{account}:regional/ipset/{name}/{uuid}", "Id": "{uuid}"},
        ("Name", "Scope"),
    ),
    "AWS::WAFv2::WebACLAssociation": ("{ResourceArn}|{WebACLArn}", {}, ("ResourceArn", "WebACLArn")),
    # Those of `tests/apps/custom`, as if there was what provides them.
    "Custom::Shop": ("shop-{hex}", {"Name": "made-{Size}"}, ()),
    "Custom::Store": ("store-{hex}", {"Name": "made-{Size}"}, ()),
}

# Of a type that MiniStack knows, the property it does not: a resource that has it is a stub.
STUBS_WITH = {
    "AWS::CloudWatch::Alarm": ("Metrics", "{name}", {"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{id}"}),
}

FAULT = "Asi::Test::Fault"


def register():
    """Makes these types known."""
    for kind, (identifier, attributes, replacing) in STUBS.items():
        provisioners._RESOURCE_HANDLERS.setdefault(kind, stub(identifier, attributes))
        provisioners._REPLACING_PROPERTIES.setdefault(kind, replacing)
    for kind, (name, identifier, attributes) in STUBS_WITH.items():
        known = provisioners._RESOURCE_HANDLERS[kind]
        provisioners._RESOURCE_HANDLERS[kind] = stub_with(name, stub(identifier, attributes), known)
    provisioners._RESOURCE_HANDLERS[FAULT] = {"create": create_fault, "update": update_fault, "delete": delete_fault}
    provisioners._REPLACING_PROPERTIES[FAULT] = ("Name",)
    run_on_worker_threads(lambda kind: kind == FAULT)


def stub(identifier, attributes):
    """Handles a type of which nothing exists but its names."""

    def create(logical_id, properties, stack_name):
        """Names a new resource."""
        known = fill(logical_id, properties, stack_name)
        known["id"] = identifier.format_map(known)
        return known["id"], {name: form.format_map(known) for name, form in attributes.items()}

    def update(physical_id, old, new, stack_name, logical_id):
        """Leaves a resource its identifier and, by giving none, its attributes (see `corrections`)."""
        return physical_id, {}

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": lambda *_: None}


def stub_with(name, stub, known):
    """Handles a resource that has this property as a stub, and others as before."""

    def choose(step):
        """The step of the one or the other handler."""

        def chosen(*arguments):
            """Takes the step of the stub if the last of the properties it is given have the one."""
            properties = [it for it in arguments if isinstance(it, dict)][-1]
            return (stub if name in properties else known)[step](*arguments)

        return chosen

    return {**known, **{step: choose(step) for step in ("create", "update", "delete")}}


def fill(logical_id, properties, stack_name):
    """What the forms of a stub may name."""
    unique = uuid.uuid4()
    generated = f"{stack_name}-{logical_id}-{unique.hex[:12].upper()}"
    return defaultdict(
        str,
        properties,
        region=get_region(),
        account=get_account_id(),
        name=properties.get("Name") or properties.get("AlarmName") or generated,
        host=str(properties.get("Url", "")).removeprefix("https://"),
        uuid=str(unique),
        hex=unique.hex[:17],
        number=unique.int % 254 + 1,
    )


def create_fault(logical_id, properties, stack_name):
    """Creates a fault, of which all properties are optional.

    `FailOn` lists when it fails: create, update, delete, and rollback, which is the update back from these properties.
    `Reason` says how, and `DelaySeconds` how late. Another `Name` makes another resource; another `Value` changes it.
    """
    wait(properties)
    fail(properties, "create")
    physical_id = f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12]}"
    return physical_id, {"Id": physical_id, "Value": properties.get("Value", "")}


def update_fault(physical_id, old, new, stack_name):
    """Updates a fault; what fails on `rollback` cannot be left again."""
    wait(new)
    fail(new, "update")
    fail(old, "rollback")
    return physical_id, {"Id": physical_id, "Value": new.get("Value", "")}


def delete_fault(physical_id, properties):
    """Deletes a fault."""
    wait(properties)
    fail(properties, "delete")


def wait(properties):
    """Waits as long as the properties say."""
    time.sleep(float(properties.get("DelaySeconds", 0)))


def fail(properties, when):
    """Fails if the properties say so."""
    if when in properties.get("FailOn", []):
        raise ValueError(properties.get("Reason", f"fails on {when}"))


def slow_down(seconds):
    """Lets each resource take this long, and others go on meanwhile."""
    if not seconds:
        return
    run_on_worker_threads(lambda kind: True)

    def slowly(step):
        """This step, after the time it takes."""

        def slow(*arguments):
            """Waits, then takes the step."""
            time.sleep(seconds)
            return step(*arguments)

        return slow

    for name in ("_provision_resource", "_update_resource", "_delete_resource"):
        setattr(stacks, name, slowly(getattr(stacks, name)))


def run_on_worker_threads(chosen):
    """Has these types, too, provisioned where they do not keep the server from answering."""
    others = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: chosen(kind) or others(kind)
