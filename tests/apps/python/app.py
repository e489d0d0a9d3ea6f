"""An app in Python: a table and a function that reads it, and in another stack what is told when the function fails."""

from aws_cdk import App, CfnOutput, Duration, RemovalPolicy, Stack, Tags
from aws_cdk.aws_cloudwatch import Alarm
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_dynamodb import Attribute, AttributeType, Table
from aws_cdk.aws_lambda import Code, Function, Runtime
from aws_cdk.aws_sns import Topic

CODE = "def handler(event, context):\n    return 'hello'\n"

app = App()
later = bool(app.node.try_get_context("later"))

data = Stack(app, "Data")
table = Table(
    data,
    "Orders",
    partition_key=Attribute(name="id", type=AttributeType.STRING),
    time_to_live_attribute="until" if later else None,
    removal_policy=RemovalPolicy.DESTROY,
)
function = Function(
    data,
    "Read",
    code=Code.from_inline(CODE),
    handler="index.handler",
    runtime=Runtime.PYTHON_3_13,
    environment={"TABLE": table.table_name},
    memory_size=256 if later else 128,
)
table.grant_read_data(function)
CfnOutput(data, "Table", value=table.table_name)

alarms = Stack(app, "Alarms", tags={"team": "web"})
topic = Topic(alarms, "Alerts", topic_name="alerts" if later else None)
failures = function.metric_errors(period=Duration.minutes(5))
failing = Alarm(alarms, "Failing", metric=failures, threshold=1, evaluation_periods=1)
failing.add_alarm_action(SnsAction(topic))
Tags.of(app).add("app", "shop")

app.synth()
