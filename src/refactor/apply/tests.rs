//! What deployed templates become.

use crate::refactor::testing::applied;

#[track_caller]
fn check(before: &str, after: &str, expected: &str) {
    assert_eq!(applied(before, after), expected);
}

#[test]
fn a_rename_changes_references_and_nothing_that_is_pending() {
    check(
        "
A:
  Resources:
    Old: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}, Metadata: {'aws:cdk:path': A/Old}}
    Alarm: {Type: AWS::CloudWatch::Alarm, DependsOn: [Old, News], Properties: {AlarmName: !Sub 'a-${Old.QueueName}-${AWS::Region}', Period: 60}}
    News: {Type: AWS::SNS::Topic, DependsOn: Old, Properties: {DisplayName: !Ref Old}}
  Outputs: {Url: {Value: !GetAtt Old.Arn}}
B: {Resources: {Other: {Type: AWS::SNS::Topic}}}
",
        "
A:
  Resources:
    New: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}, DeletionPolicy: Retain}
    Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: !Sub 'a-${New.QueueName}-${AWS::Region}', Period: 10}}
    Added: {Type: AWS::SNS::Topic}
B: {Resources: {Other: {Type: AWS::SNS::Topic}}}
",
        "\
A
Resources:
  New:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: jobs
    Metadata:
      aws:cdk:path: A/Old
  Alarm:
    Type: AWS::CloudWatch::Alarm
    DependsOn:
      - New
      - News
    Properties:
      AlarmName: !Sub a-${New.QueueName}-${AWS::Region}
      Period: 60
  News:
    Type: AWS::SNS::Topic
    DependsOn: New
    Properties:
      DisplayName: !Ref New
Outputs:
  Url:
    Value: !GetAtt New.Arn
",
    );
}

const TOGETHER: &str = "
A:
  Resources:
    Db: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop}}
    Web: {Type: AWS::SNS::Topic, DependsOn: Db, Properties: {DisplayName: !Sub '${Db}-${AWS::Region}', TopicName: !GetAtt Db.Arn}}
  Outputs: {Name: {Value: !Ref Db}}
B: {Resources: {Other: {Type: AWS::SNS::Topic}}}
";

const APART: &str = "
A:
  Resources:
    Web: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Join ['-', [!ImportValue 'B:Ref', !Ref AWS::Region]], TopicName: !ImportValue 'B:Arn'}}
B:
  Resources:
    Other: {Type: AWS::SNS::Topic}
    Db: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop}}
  Outputs:
    R: {Value: !Ref Db, Export: {Name: 'B:Ref'}}
    Arn: {Value: !GetAtt Db.Arn, Export: {Name: !Sub '${AWS::StackName}:Arn'}}
    Unread: {Value: !Ref Other}
";

#[test]
fn what_leaves_is_imported_as_synthesized() {
    check(
        TOGETHER,
        APART,
        "\
A
Resources:
  Web:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !Sub
        - ${Import1}-${AWS::Region}
        - Import1: !ImportValue B:Ref
      TopicName: !ImportValue B:Arn
Outputs:
  Name:
    Value: !ImportValue B:Ref
B
Resources:
  Other:
    Type: AWS::SNS::Topic
  Db:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: shop
Outputs:
  Arn:
    Value: !GetAtt Db.Arn
    Export:
      Name: !Sub ${AWS::StackName}:Arn
  R:
    Value: !Ref Db
    Export:
      Name: B:Ref
",
    );
}

#[test]
fn what_comes_together_refers_to_each_other_and_exports_nothing() {
    check(
        APART,
        TOGETHER,
        "\
A
Resources:
  Web:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !Join
        - '-'
        - - !Ref Db
          - !Ref AWS::Region
      TopicName: !GetAtt Db.Arn
  Db:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: shop
B
Resources:
  Other:
    Type: AWS::SNS::Topic
Outputs:
  Unread:
    Value: !Ref Other
",
    );
}

#[test]
fn a_third_stack_reads_from_where_it_is_then() {
    let reading = |from: &str, db: [&str; 2], outputs: [&str; 2]| {
        let [in_a, in_b] = db;
        let [of_a, of_b] = outputs;
        format!(
            "
A: {{Resources: {{X: {{Type: AWS::SNS::Topic}}{in_a}}}{of_a}}}
B: {{Resources: {{Y: {{Type: AWS::SNS::Topic}}{in_b}}}{of_b}}}
C: {{Resources: {{Z: {{Type: AWS::SNS::Topic, Properties: {{TopicName: !Select [0, !Split ['||', {{Fn::GetStackOutput: {{StackName: {from}, OutputName: N}}}}]]}}}}}}}}
"
        )
    };
    let db = ", Db: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop}}";
    let output = ", Outputs: {N: {Value: !Join ['||', !GetAtt Db.Names]}}";
    let before = reading("A", [db, ""], [output, ""]);
    let after = reading("B", ["", db], ["", output]);
    check(
        &before,
        &after,
        "\
A
Resources:
  X:
    Type: AWS::SNS::Topic
B
Resources:
  'Y':
    Type: AWS::SNS::Topic
  Db:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: shop
Outputs:
  'N':
    Value: !Join
      - '||'
      - !GetAtt Db.Names
C
Resources:
  Z:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: !Select
        - 0
        - !Split
          - '||'
          - !GetStackOutput
            StackName: B
            OutputName: 'N'
",
    );
}

#[test]
fn a_stack_that_is_not_there_is_made_of_what_goes_there() {
    let before = "
A:
  Resources:
    Db: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop}}
    Web: {Type: AWS::SNS::Topic}
";
    let after = "
A: {Resources: {Web: {Type: AWS::SNS::Topic}}}
B:
  AWSTemplateFormatVersion: '2010-09-09'
  Parameters: {P: {Type: String}}
  Resources:
    Db: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop}}
    More: {Type: AWS::SNS::Topic, Properties: {TopicName: x}}
";
    check(
        before,
        after,
        "\
A
Resources:
  Web:
    Type: AWS::SNS::Topic
+ B
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Db:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: shop
",
    );
}

#[test]
fn all_that_is_in_the_way_is_told() {
    let before = "
A:
  Parameters: {P: {Type: String}}
  Conditions: {C: !Equals [!Ref P, x], D: !Equals [a, b]}
  Mappings: {M: {a: {b: c}}}
  Resources:
    Key: {Type: AWS::EC2::KeyPair, Properties: {KeyName: k}}
    Clean: {Type: Custom::Cleaner, Properties: {ServiceToken: t}}
    Db:
      Type: AWS::DynamoDB::Table
      Condition: C
      Properties: {TableName: !If [D, !FindInMap [M, a, b], !Ref AWS::StackName]}
";
    let after = "
A: {Resources: {}}
B:
  Resources:
    Key: {Type: AWS::EC2::KeyPair, Properties: {KeyName: k}}
    Clean: {Type: Custom::Cleaner, Properties: {ServiceToken: t}}
    Db: {Type: AWS::DynamoDB::Table, Properties: {TableName: !If [D, !FindInMap [M, a, b], !Ref AWS::StackName]}}
";
    let at = |id: &str| format!("Location {{ stack: \"B\", id: \"{id}\" }}");
    let lacks = |need: &str| format!("Lacks {{ to: {}, need: {need}, is_new: true }}\n", at("Db"));
    let expected = format!(
        "Fixed {{ to: {}, type_name: \"AWS::EC2::KeyPair\", why: Tags }}\n\
             Fixed {{ to: {}, type_name: \"Custom::Cleaner\", why: Custom }}\n{}{}{}{}{}Empty(\"A\")\n",
        at("Key"),
        at("Clean"),
        lacks("Condition(\"C\")"),
        lacks("Condition(\"D\")"),
        lacks("Mapping(\"M\")"),
        lacks("Parameter(\"P\")"),
        lacks("OfStack(\"AWS::StackName\")"),
    );
    check(before, after, &expected);
}

#[test]
fn what_is_not_imported_in_what_is_synthesized_cannot_leave() {
    let after = APART.replace(", TopicName: !ImportValue 'B:Arn'", "");
    check(
        TOGETHER,
        &after,
        "NoImport { of: Location { stack: \"A\", id: \"Web\" }, to: Location { stack: \"A\", id: \"Web\" }, \
             target: Location { stack: \"B\", id: \"Db\" } }\n",
    );
}

#[test]
fn six_stacks_are_too_many_and_what_cloudformation_expands_is_not_known() {
    let side = |id: &str| {
        let stack = |it: char| {
            format!(
                "{it}: {{Resources: {{{id}: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {it}}}}}}}}}\n"
            )
        };
        ('A'..='F').map(stack).collect::<String>()
    };
    check(&side("Old"), &side("New"), "TooMany([\"A\", \"B\", \"C\", \"D\", \"E\", \"F\"])\n");
    let side = |id: &str| {
        format!(
            "A: {{Transform: AWS::Serverless-2016-10-31, Resources: {{{id}: {{Type: AWS::SQS::Queue}}}}}}"
        )
    };
    check(&side("Old"), &side("New"), "Expanded(\"A\")\n");
}
