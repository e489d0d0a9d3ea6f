"""What MiniStack does otherwise than CloudFormation, put right where our tests would learn the wrong thing from it."""

from ministack.services.cloudformation import _change_sets, _stacks, handlers, provisioners, stacks
from ministack.services.cloudformation.helpers import _p, _xml

# What MiniStack says to be replaced perhaps: the properties of which a change always, or never, replaces the resource.
TASK_DEFINITION = "AWS::ECS::TaskDefinition"
SERVICE = "AWS::ECS::Service"
POLICY = "AWS::IAM::Policy"
REPLACES_SERVICE = ("Cluster", "LaunchType", "Role", "SchedulingStrategy", "ServiceName")

STACK = "AWS::CloudFormation::Stack"
CLEANUP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


def apply():
    """Makes all corrections."""
    correct_events_of_updates()
    correct_change_sets()
    correct_replacements()
    correct_numbers()
    correct_attributes()


def correct_events_of_updates():
    """Updates have events for what they change, add, replace and remove, and for nothing else.

    MiniStack has an update of each resource, changed or not, calls additions updates, and removes silently.
    """
    add_event = stacks._add_event
    provision, update, delete = stacks._provision_resource, stacks._update_resource, stacks._delete_resource
    # By stack and logical id: the event that waits until it is known whether anything happens, and what did happen.
    waiting, happened = {}, {}

    def add(stack_id, stack_name, logical_id, kind, status, reason="", physical_id="", *others):
        """Records an event, or puts it off, or leaves it out."""
        key = (stack_name, logical_id)
        operation, _, phase = status.partition("_")
        if logical_id == stack_name and status == "UPDATE_COMPLETE":
            clean_up(stack_id, stack_name)
            _stacks[stack_name].update(StackStatus=status, cleans_up=False)
        if logical_id == stack_name or operation != "UPDATE":
            add_event(stack_id, stack_name, logical_id, kind, status, reason, physical_id, *others)
        elif phase == "IN_PROGRESS":
            waiting[key] = lambda operation: add_event(
                stack_id, stack_name, logical_id, kind, f"{operation}_{phase}", reason, physical_id, *others
            )
        else:
            waiting.pop(key, None)
            operation = happened.pop(key, "UPDATE")
            record = _stacks[stack_name]["_resources"].get(logical_id, {})
            if operation in ("CREATE", "UPDATE"):
                status = f"{operation}_{phase}"
                add_event(stack_id, stack_name, logical_id, kind, status, reason, physical_id, *others)
            else:
                status = operation
            if phase == "COMPLETE" and "ResourceStatus" in record:
                record["ResourceStatus"] = status

    def begin(stack_name, logical_id, operation):
        """Records the event that waits, now that something happens."""
        event = waiting.pop((stack_name, logical_id), None)
        if event:
            happened[stack_name, logical_id] = operation
            event(operation)

    def provision_and_tell(kind, logical_id, properties, stack_name):
        """Creates a resource."""
        begin(stack_name, logical_id, "CREATE")
        return provision(kind, logical_id, properties, stack_name)

    def update_and_tell(kind, physical_id, old, new, stack_name, logical_id, attributes):
        """Updates a resource, if it changes; it keeps the attributes that its handler does not give again."""
        if old == new:
            record = _stacks[stack_name]["_resources"].get(logical_id, {})
            happened[stack_name, logical_id] = record.get("ResourceStatus", "CREATE_COMPLETE")
            return physical_id, attributes or {}
        begin(stack_name, logical_id, "UPDATE")
        updated, changed = update(kind, physical_id, old, new, stack_name, logical_id, attributes)
        return updated, changed if updated != physical_id else {**(attributes or {}), **changed}

    def delete_and_tell(kind, physical_id, properties, stack_name, logical_id):
        """Deletes a resource; those that an update leaves behind, with events."""
        stack = _stacks[stack_name]
        if stack["StackStatus"] not in ("UPDATE_IN_PROGRESS", CLEANUP):
            delete(kind, physical_id, properties, stack_name, logical_id)
            return
        clean_up(stack["StackId"], stack_name)
        place = (stack["StackId"], stack_name, logical_id, kind)
        add_event(*place, "DELETE_IN_PROGRESS", "", physical_id)
        delete(kind, physical_id, properties, stack_name, logical_id)
        add_event(*place, "DELETE_COMPLETE", "", physical_id)

    def clean_up(stack_id, stack_name):
        """Begins the last part of an update, once."""
        stack = _stacks[stack_name]
        if not stack.get("cleans_up"):
            stack.update(StackStatus=CLEANUP, cleans_up=True)
            add_event(stack_id, stack_name, stack_name, STACK, CLEANUP, "", stack_id)

    stacks._add_event = add
    stacks._provision_resource = provision_and_tell
    stacks._update_resource = update_and_tell
    stacks._delete_resource = delete_and_tell


def correct_change_sets():
    """A change set is created once for each `ClientToken`, and outputs are worth one."""
    create = handlers._ACTION_HANDLERS["CreateChangeSet"]
    created = {}

    def create_once(parameters):
        """Creates a change set, or answers as when it did."""
        token = (_p(parameters, "StackName"), _p(parameters, "ChangeSetName"), _p(parameters, "ClientToken"))
        if created.get(token) in _change_sets:
            return answer(_change_sets[created[token]])
        before = set(_change_sets)
        response = create(parameters)
        for identifier in set(_change_sets) - before:
            if token[2]:
                created[token] = identifier
            see_outputs(_change_sets[identifier])
        return response

    def answer(change_set):
        """What the creation of this change set was answered."""
        identifiers = f"<Id>{change_set['ChangeSetId']}</Id><StackId>{change_set['StackId']}</StackId>"
        result = f"<CreateChangeSetResult>{identifiers}</CreateChangeSetResult>"
        return _xml(200, "CreateChangeSetResponse", result)

    def see_outputs(change_set):
        """Makes a change set executable if it changes outputs alone."""
        deployed = _stacks[change_set["StackName"]].get("_template", {})
        same = change_set["_template"].get("Outputs", {}) == deployed.get("Outputs", {})
        if change_set["ChangeSetType"] == "UPDATE" and change_set["Status"] == "FAILED" and not same:
            change_set.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")

    handlers._ACTION_HANDLERS["CreateChangeSet"] = create_once


def correct_replacements():
    """Change sets know what becomes of task definitions, services and policies, which most deployments of ours change."""
    known = stacks._property_recreation

    def recreation(kind, name):
        """Whether another value of this property replaces its resource."""
        if kind == TASK_DEFINITION:
            return "Never" if name == "Tags" else "Always"
        if kind == POLICY:
            return "Never"
        if kind == SERVICE:
            return "Always" if name in REPLACES_SERVICE else "Never"
        return known(kind, name)

    stacks._property_recreation = recreation


def correct_numbers():
    """The number of tasks of a service may be text, as it is if it is a parameter."""
    service = provisioners._RESOURCE_HANDLERS[SERVICE]

    def with_number(properties):
        """These properties, with the number as one."""
        count = properties.get("DesiredCount")
        return properties if count is None else {**properties, "DesiredCount": int(count)}

    def counting(step):
        """This step, with numbers in all properties it is given."""
        return lambda *arguments: step(*(with_number(it) if isinstance(it, dict) else it for it in arguments))

    for name in ("create", "update"):
        service[name] = counting(service[name])


def correct_attributes():
    """A network has the attribute `CidrBlock`."""
    network = provisioners._RESOURCE_HANDLERS["AWS::EC2::VPC"]
    create = network["create"]

    def create_with_range(logical_id, properties, stack_name):
        """Creates a network."""
        physical_id, attributes = create(logical_id, properties, stack_name)
        return physical_id, {"CidrBlock": properties.get("CidrBlock", ""), **attributes}

    network["create"] = create_with_range
