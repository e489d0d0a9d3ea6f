"""What an account has before anything is deployed to it."""

from ministack.services import route53, ssm
from ministack.services.cloudformation import provisioners

# Those of AWS's public parameters that templates take values from, beside the ones MiniStack has.
PARAMETERS = {
    "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id": "ami-0e0c2023a1b2c3d4e",
}
# Hosted zones, by id. Nothing but a request to Route 53 makes one, and none makes one of a known id.
ZONES = {"Z0123456789ABCDEFGHIJ": "example.com."}


def furnish():
    """Gives every account these."""
    ssm._PUBLIC_AMI_PARAMETERS.update(PARAMETERS)
    resolve = provisioners._r53_resolve_hosted_zone_id

    def resolve_in_furnished(properties):
        """Finds the zone of a record, in an account that has ours."""
        for identifier, name in ZONES.items():
            if identifier not in route53._zones:
                create_zone(identifier, name)
        return resolve(properties)

    provisioners._r53_resolve_hosted_zone_id = resolve_in_furnished


def create_zone(identifier, name):
    """Creates a hosted zone in the account of the request."""
    route53._zones[identifier] = {
        "id": identifier,
        "name": name,
        "caller_reference": identifier,
        "comment": "",
        "private": False,
        "vpcs": [],
    }
    route53._records[identifier] = route53._default_records(name)
