"""Writes the stack files of the benchmark: N web services in one stack, or in a stack each, as the peers make them."""

import sys

HEAD = """\
app: Web
region: us-east-1

constructs:
  Net:
    type: Network
    zones: [us-east-1a, us-east-1b]
    nat: single
    subnets: {public: /24, private: /22}
  Cluster: {type: Cluster}
"""

SERVICE = """
  Repo@: {type: Repository, keep: 20}

  Svc@:
    type: FargateService
    network: Net
    cluster: Cluster
    image: Repo@:initial
    port: 8080
    cpu: 512
    memory: 1GB
    count: {min: 2, max: 10, cpu: 60%, requests: 1000}
    health: {path: /healthz, interval: 15s, healthy: 2}
    variables: {SERVICE_NAME: web@, LOG_LEVEL: info}

  Pipe@:
    type: Pipeline
    source:
      github: example/web@
      branch: main
      connection: arn:aws:codeconnections:us-east-1:123456789012:connection/11111111-2222-3333-4444-555555555555
    deploy: Svc@

  Waf@:
    type: WafWhitelist
    target: Svc@
    paths: [/admin]
    allow: [192.0.2.0/24, 198.51.100.0/24]
    managedRules: [common]

  Site@:
    type: Subdomain
    zone: {id: Z0123456789ABCDEFGHIJ, name: example.com}
    name: web@
    target: Svc@
"""


def indented(text):
    return "".join(f"    {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def many(count):
    """An app of so many stacks, each with a network, a cluster and a service of its own."""
    top, shared = HEAD.split("constructs:\n")
    service = lambda number: SERVICE.replace("name: web@", f"name: web{number}").replace("@", "1")
    stacks = (
        f"  s{number}:\n    constructs:\n{indented(shared + service(number))}    outputs: {{Url: '${{Site1.url}}'}}\n"
        for number in range(1, count + 1)
    )
    return f"{top}stacks:\n{''.join(stacks)}"


def stack(count):
    services = "".join(SERVICE.replace("@", str(number)) for number in range(1, count + 1))
    outputs = "".join(f"  Url{number}: ${{Site{number}.url}}\n" for number in range(1, count + 1))
    return f"{HEAD}{services}\noutputs:\n{outputs}"


if __name__ == "__main__":
    sys.stdout.write(stack(int(sys.argv[1])))
