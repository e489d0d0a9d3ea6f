//! What is said of functions, by example.

use super::super::super::testing::check;

/// What is found in a property, its path and code in one line each.
fn property(value: &str) -> String {
    let template = format!(
        "Parameters: {{P: {{Type: String}}, L: {{Type: CommaDelimitedList}}}}\nConditions: {{C: !Equals [!Ref P, \
         a]}}\nResources:\n  R:\n    Type: AWS::SNS::Topic\n    Properties:\n      X: {value}\n"
    );
    check(super::check, &template).replace("Resources/R/Properties/", "")
}

#[test]
fn a_number_of_items_that_is_wrong() {
    assert_eq!(
        property("!Join [',']"),
        "error E1022 X/Fn::Join 7:16: `!Join` takes 2 items, and has 1\n  \
         write it as `!Join [delimiter, [value, …]]`\n"
    );
    assert_eq!(
        property("!If [C, a]"),
        "error E1028 X/Fn::If 7:14: `!If` takes 3 items, and has 2\n  \
         write it as `!If [Condition, value, other value]`\n"
    );
    assert_eq!(
        property("!Cidr 10.0.0.0/16"),
        "error E1024 X/Fn::Cidr 7:16: `!Cidr` takes a list, and this is `10.0.0.0/16`\n  \
         write it as `!Cidr [range, count, bits]`\n"
    );
}

#[test]
fn a_value_that_is_wrong() {
    assert!(
        property("!Select [a, !GetAZs '']").contains("E1017 X/Fn::Select/0 7:19: `!Select` takes a whole")
    );
    assert!(
        property("!Select [2, [a, b]]").contains("there is no item 2: the list has 2 items\n  count from 0")
    );
    assert!(property("!GetAZs mars").contains("E1015 X/Fn::GetAZs 7:18: `!GetAZs` takes a region"));
    assert!(
        property("!Cidr [10.0.0.0, 300, 8]")
            .contains("E1024 X/Fn::Cidr/1 7:27: `!Cidr` takes a whole number")
    );
    assert!(property("!Base64 [a]").contains("E1021 X/Fn::Base64 7:18: `!Base64` takes text here"));
    assert!(property("!ImportValue [a]").contains("E1016 X/Fn::ImportValue 7:23: `!ImportValue` takes text"));
    assert!(property("!Ref [a]").contains("E1020 X/Ref 7:15: `!Ref` takes text here, and this is a list"));
    assert!(property("!GetAtt R").contains("E1010 X/Fn::GetAtt"));
    assert!(property("!Sub [a]").contains("E1019 X/Fn::Sub 7:15: `!Sub` takes 2 items, and has 1"));
    assert!(
        property("!FindInMap [a, b]")
            .contains("E1011 X/Fn::FindInMap 7:21: `!FindInMap` takes 3 items or more")
    );
    assert!(
        property("!Split [',', '{{resolve:ssm:a}}']")
            .contains("E1018 X/Fn::Split/1 7:23: a dynamic reference")
    );
    assert!(property("{Fn::GetStackOutput: {StackName: a}}").contains("E1033 X/Fn::GetStackOutput"));
    assert!(property("!If [D, a, b]").contains("E1028 X/Fn::If/0 7:15: there is no condition `D`"));
}

#[test]
fn a_function_that_cannot_stand_there() {
    assert_eq!(
        property("!Join [!Ref P, [a, !GetAZs '']]"),
        "error E1022 X/Fn::Join/0 7:17: `!Join` takes text here, and `!Ref` cannot give it\n  \
         write text\n\
         error E1022 X/Fn::Join/1/1 7:29: `!Join` takes text here, and `!GetAZs` gives a list\n  \
         take one item with `!Select`, or make text of them with `!Join`\n"
    );
    assert_eq!(
        property("!Equals [a, b]"),
        "error E3012 X 7:10: `!Equals` is true or false, and no value\n  \
         move it to `Conditions`, and choose by its name with `!If`\n"
    );
    assert_eq!(
        property("{Fn::Jion: a}"),
        "error E3012 X/Fn::Jion 7:11: there is no function `Fn::Jion`\n  did you mean `Fn::Join`?\n"
    );
}

#[test]
fn a_list_for_a_text_and_a_text_for_a_list() {
    assert_eq!(
        property("!Join [',', [!Ref L]]"),
        "error E1020 X/Fn::Join/1/0 7:23: `!Join` takes text here, and `L` is a list\n  \
         take one item with `!Select`, or make text of them with `!Join`\n"
    );
    assert_eq!(
        property("!Join [',', !GetAtt R.TopicArn]"),
        "error E1010 X/Fn::Join/1 7:22: `!Join` takes a list here, and `R.TopicArn` is text\n  \
         put it in a list: `[!GetAtt R.TopicArn]`\n"
    );
    assert_eq!(property("!Join [',', !Ref L]"), "");
}

#[test]
fn extensions_need_their_transform() {
    let template = |transform: &str| {
        check(super::check, &format!("{transform}Outputs: {{A: {{Value: {{Fn::Length: [a]}}}}}}\n"))
    };
    assert_eq!(
        template(""),
        "error E1030 Outputs/A/Value/Fn::Length 1:23: `Fn::Length` needs the transform \
         `AWS::LanguageExtensions`\n  add `Transform: AWS::LanguageExtensions` to the template\n"
    );
    assert_eq!(template("Transform: AWS::LanguageExtensions\n"), "");
    let template = "Resources: {A: {Type: T, DeletionPolicy: !Ref B}}\n";
    let expected = "error E3035 Resources/A/DeletionPolicy 1:42: `!Ref` may stand here only with the transform \
                    `AWS::LanguageExtensions`\n  add `Transform: AWS::LanguageExtensions` to the template\n";
    assert_eq!(check(super::check, template), expected);
}

#[test]
fn conditions_and_rules() {
    let template = "Conditions:\n  A: !Not [!Condition B3]\n  B2: !And [!Condition A]\n  C: !Ref A\n  \
                    D: !Equals [!GetAtt A.B, a]\nRules:\n  R: {RuleCondition: a, Assertions: [{Assert: {Fn::Contains: [[a], a]}}]}\n";
    let expected = "error E8007 Conditions/A/Fn::Not/0/Condition 2:23: there is no condition `B3`\n  \
                    did you mean `B2`?\n\
                    error E8004 Conditions/B2/Fn::And 3:12: `!And` takes 2 items or more, and has 1\n  \
                    write it as `!And [condition, condition, …]`\n\
                    error E8001 Conditions/C 4:6: a condition is true or false here, and `!Ref` cannot give \
                    it\n  use `!Condition`, `!And`, `!Equals`, `!Not` or `!Or`\n\
                    error E8003 Conditions/D/Fn::Equals/0 5:15: `!Equals` takes text here, and \
                    `!GetAtt` cannot give it\n  use `!FindInMap`, `!Join`, `!Select`, `!Sub` or `!Ref`\n\
                    error E1702 Rules/R/RuleCondition 7:22: the condition of a rule is true or false here, and \
                    this is `a`\n  use `!Equals`, `!And`, `!Or` or `!Not`\n";
    assert_eq!(check(super::check, template), expected);
}

#[test]
fn outputs_are_text() {
    let template = "Outputs:\n  A: {Value: [a]}\n  B: {Value: !GetAZs '', Export: {Name: {a: b}}}\n";
    let expected = "error E6101 Outputs/A/Value 2:14: the value of an output is text here, and this is a list\n  \
                    write text\n\
                    error E6101 Outputs/B/Value 3:14: the value of an output is text here, and `!GetAZs` \
                    gives a list\n  take one item with `!Select`, or make text of them with `!Join`\n\
                    error E6102 Outputs/B/Export/Name 3:41: the name of an export is text here, and this is a \
                    mapping\n  write text\n";
    assert_eq!(check(super::check, template), expected);
}

#[test]
fn outputs_take_no_numbers_from_attributes() {
    let template = "Resources:\n  V: {Type: AWS::EC2::VPC}\n  D: {Type: AWS::DocDB::DBCluster}\n  \
                    T: {Type: AWS::SNS::Topic, Properties: {TopicName: !GetAtt V.EnableDnsSupport}}\nOutputs:\n  \
                    A: {Value: !GetAtt V.EnableDnsSupport}\n  B: {Value: !Join ['', [!GetAtt V.EnableDnsSupport]]}\n  \
                    C: {Value: !GetAtt D.Port}\n  D: {Value: 1}\n";
    let expected = "error E6101 Outputs/A/Value 6:14: an output is text, and `V.EnableDnsSupport` is a number, or true \
                    or false\n  take it out, or write the value itself\n\
                    error E6101 Outputs/B/Value/Fn::Join/1/0 7:26: an output is text, and `V.EnableDnsSupport` is a \
                    number, or true or false\n  take it out, or write the value itself\n";
    assert_eq!(check(super::check, template), expected);
}
