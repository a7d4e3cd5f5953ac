"""Rules that every resource of infra/resources must keep."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients import key_ring
from chalicelib.config import Config
from chalicelib.config import config as read_config
from chalicelib.domain.access import sms
from chalicelib.domain.gate import alerts
from chalicelib.portals.http.route import ROUTES
from chalicelib.table.items import Item
from chalicelib.vocabulary.access import Portal, SecretLife
from chalicelib.vocabulary.messages import Fact
from chalicelib.workers import alerts as alerts_worker
from infra import template as resources
from tests.infra import reading
from tests.support.cloud import TABLE

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]


def test_every_queue_has_a_dead_letter_queue_or_is_one(template: Template) -> None:
    queues = reading.of_type(template, "AWS::SQS::Queue")
    dead_letters = _dead_letters(template)
    for name, queue in queues.items():
        if name in dead_letters:
            assert "RedrivePolicy" not in queue
            assert queue["MessageRetentionPeriod"] == 1209600, "AWS keeps a message for 14 days at most"
        else:
            assert queue["RedrivePolicy"]["maxReceiveCount"] == 5


def test_wrong_passwords_have_an_alarm_for_each_portal_with_a_log_in(template: Template) -> None:
    watched = [
        {entry["Name"]: entry["Value"] for entry in alarm["Dimensions"]}
        for alarm in reading.of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "WrongPasswords" and alarm["Namespace"] == "Gatehouse"
    ]
    log_ins = {route.portal for route in ROUTES if route.guard is None and route.path.endswith("/login")}
    assert sorted(alarm["portal"] for alarm in watched) == sorted(log_ins)
    assert all(alarm["stage"] == {"Ref": "Stage"} for alarm in watched)


def test_guesses_at_a_second_factor_have_an_alarm(template: Template) -> None:
    (alarm,) = [
        alarm
        for alarm in reading.of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "GuessedSecondFactors"
    ]
    assert {entry["Name"]: entry["Value"] for entry in alarm["Dimensions"]} == {
        "stage": {"Ref": "Stage"},
        "portal": Portal.ADMIN,
    }


def test_queues_are_encrypted_and_take_tls_only(template: Template) -> None:
    queues = reading.of_type(template, "AWS::SQS::Queue")
    guarded: set[str] = set()
    for policy in reading.of_type(template, "AWS::SQS::QueuePolicy").values():
        assert reading.denies_plain_http(policy["PolicyDocument"])
        guarded |= {reading.logical_name(queue) for queue in policy["Queues"]}
    assert guarded == set(queues)
    assert all("KmsMasterKeyId" in queue for queue in queues.values())


def test_buckets_are_private_encrypted_and_take_tls_only(template: Template) -> None:
    buckets = reading.of_type(template, "AWS::S3::Bucket")
    guarded = {
        reading.logical_name(policy["Bucket"])
        for policy in reading.of_type(template, "AWS::S3::BucketPolicy").values()
        if reading.denies_plain_http(policy["PolicyDocument"])
    }
    assert guarded == set(buckets)
    for bucket in buckets.values():
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert all(value is True for value in bucket["PublicAccessBlockConfiguration"].values())
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert bucket["BucketEncryption"]
        assert bucket["LifecycleConfiguration"]["Rules"]


def test_what_cannot_be_made_again_outlives_its_stack(template: Template) -> None:
    for name, resource in template["Resources"].items():
        if resource["Type"] in (
            "AWS::DynamoDB::Table",
            "AWS::KMS::Key",
            "AWS::S3::Bucket",
            "AWS::SecretsManager::Secret",
        ):
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
            assert resource["UpdateReplacePolicy"] == "Retain", name


def test_the_table_is_protected_backed_up_and_streams_both_images(template: Template) -> None:
    (table,) = reading.of_type(template, "AWS::DynamoDB::Table").values()
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] == {"Fn::If": ["IsProd", True, False]}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"]["SSEType"] == "KMS"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_tables_keys_and_indexes_are_the_attributes_of_its_items(template: Template) -> None:
    (table,) = reading.of_type(template, "AWS::DynamoDB::Table").values()
    attributes = Item.get_attributes()
    named = {entry["AttributeName"] for entry in table["AttributeDefinitions"]}
    assert named <= set(attributes)
    assert {name for name in attributes if name.startswith("gsi")} <= named
    for index in table["GlobalSecondaryIndexes"]:
        name = index["IndexName"]
        # operations.query names an index's keys after the index.
        assert [key["AttributeName"] for key in index["KeySchema"]] == [f"{name}pk", f"{name}sk"]


def test_the_tests_own_table_is_the_deployed_one(template: Template) -> None:
    (table,) = reading.of_type(template, "AWS::DynamoDB::Table").values()
    for part in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"):
        assert table[part] == TABLE[part]


def test_no_index_repeats_what_a_scan_changes_on_its_ticket(template: Template) -> None:
    (table,) = reading.of_type(template, "AWS::DynamoDB::Table").values()
    repeated = {
        attribute
        for index in table["GlobalSecondaryIndexes"]
        for attribute in index["Projection"].get("NonKeyAttributes", [])
    }
    assert not repeated & {"admission", "status", "inside", "contested", "entries"}


def test_keys_rotate_and_the_secrets_are_generated_not_written_down(template: Template) -> None:
    assert all(key["EnableKeyRotation"] is True for key in reading.of_type(template, "AWS::KMS::Key").values())
    secrets = reading.of_type(template, "AWS::SecretsManager::Secret")
    # What the distribution proves itself with is a text, and no key of a ring.
    assert set(secrets.pop("EdgeSecret")["GenerateSecretString"]) == {"PasswordLength", "ExcludePunctuation"}
    assert len(secrets) == len(SecretLife)
    for secret in secrets.values():
        assert "SecretString" not in secret
        made = secret["GenerateSecretString"]
        # The first key of a ring. A deployment that changes any of these lets CloudFormation generate a fresh one under
        # the same name (AWS: "AWS::SecretsManager::Secret"), and what the former one signed is dead: never change them.
        assert made == {
            "SecretStringTemplate": "{}",
            "GenerateStringKey": "key_1",
            "PasswordLength": 64,
            "ExcludePunctuation": True,
        }
        assert key_ring.parse({made["GenerateStringKey"]: "x"}).signing(clock.now()) is not None


def test_every_log_group_forgets(template: Template) -> None:
    groups = reading.of_type(template, "AWS::Logs::LogGroup")
    # The digests of the audit log's seals, without personal data: its witness for as long as the books are kept.
    witness = [name for name, group in groups.items() if "seal_audit_log" in json.dumps(group["LogGroupName"])]
    assert len(witness) == 1
    assert all(group["RetentionInDays"] <= 90 for name, group in groups.items() if name not in witness)


def test_a_local_stage_has_the_names_that_the_settings_have_by_default(template: Template) -> None:
    def local(name: str, part: str) -> Any:
        return reading.at(template["Resources"][name]["Properties"][part], local=True)

    defaults: Config = read_config()
    assert local("Table", "TableName") == defaults.table_name
    assert local("Bus", "Name") == defaults.event_bus_name
    assert local("AlertsQueue", "QueueName") == defaults.alerts_queue_name
    assert local("MessagesQueue", "QueueName") == defaults.messages_queue_name
    assert local("PaymentsQueue", "QueueName") == defaults.payments_queue_name
    assert local("JobsQueue", "QueueName") == defaults.jobs_queue_name
    assert local("Files", "BucketName") == defaults.files_bucket
    assert local("DataKeyAlias", "AliasName") == defaults.data_key_id
    for life in SecretLife:
        assert local(f"{life.capitalize()}Secret", "Name") == defaults.secret_name.format(life=life)


def test_two_stages_share_no_name(template: Template) -> None:
    for name, resource in template["Resources"].items():
        for part in ("TableName", "QueueName", "BucketName", "LogGroupName", "FunctionName", "TopicName", "Name"):
            value = reading.at(resource.get("Properties", {}).get(part), local=False)
            # A reference is another resource's name.
            if value is not None and "Ref" not in value and resource["Type"] != "AWS::Lambda::Alias":
                assert "${Stage}" in str(value), f"{name}.{part} is the same in every stage: {value}"


def test_the_rule_takes_exactly_the_facts_that_staff_and_shops_can_be_told_of(template: Template) -> None:
    pattern = template["Resources"]["AlertsRule"]["Properties"]["EventPattern"]
    assert pattern["source"] == ["gatehouse"]
    assert set(pattern["detail-type"]) == {fact.value for fact in (*alerts.TEXTS, *alerts_worker.TAKERS)}


def test_every_fact_is_taken_by_exactly_one_rule(template: Template) -> None:
    taken = [
        fact
        for rule in reading.of_type(template, "AWS::Events::Rule").values()
        if rule.get("EventPattern", {}).get("source") == ["gatehouse"]
        for fact in rule["EventPattern"]["detail-type"]
    ]
    assert sorted(taken) == sorted(fact.value for fact in Fact)


def test_a_fact_that_cannot_be_delivered_becomes_a_dead_letter(template: Template) -> None:
    let_in = {
        reading.logical_name(queue)
        for policy in reading.of_type(template, "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement["Principal"] == {"Service": "events.amazonaws.com"}
        for queue in policy["Queues"]
    }
    expected = set()
    for name in ("Alerts", "Payments"):
        (target,) = template["Resources"][f"{name}Rule"]["Properties"]["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [f"{name}DeadLetters", "Arn"]}}
        expected |= {f"{name}Queue", f"{name}DeadLetters"}
    # The notices of the stream's letters.
    assert let_in == expected | {"StreamDeadLetters", "LiveDeadLetters"}


def _dead_letters(template: Template) -> set[str]:
    redriven = {
        reading.logical_name(queue["RedrivePolicy"]["deadLetterTargetArn"])
        for queue in reading.of_type(template, "AWS::SQS::Queue").values()
        if "RedrivePolicy" in queue
    }
    # A rule notes each letter of a stream function's bucket in a queue of its own.
    rules = reading.of_type(template, "AWS::Events::Rule").values()
    queues = []
    for mapping in reading.of_type(template, "AWS::Lambda::EventSourceMapping").values():
        if "DestinationConfig" in mapping:
            bucket = reading.logical_name(mapping["DestinationConfig"]["OnFailure"]["Destination"])
            notes = template["Resources"][bucket]["Properties"]["NotificationConfiguration"]
            assert notes["EventBridgeConfiguration"]["EventBridgeEnabled"] is True
            (rule,) = (rule for rule in rules if {"Ref": bucket} in _buckets_of(rule))
            queues.append(reading.logical_name(rule["Targets"][0]["Arn"]))
    assert len(set(queues)) == len(queues) == 2, "the letters of the two stream functions are apart"
    return redriven | set(queues)


def test_the_caps_of_sms_have_their_metrics_and_alarms(template: Template) -> None:
    filters = reading.of_type(template, "AWS::Logs::MetricFilter")
    alarms = reading.of_type(template, "AWS::CloudWatch::Alarm")
    for metric, words, logs, most in (
        ("Capped", sms.CAPPED, {"ApiLog", "MessagesLog"}, 10),
        ("Dropped", sms.DROPPED, {"MessagesLog"}, 5),
    ):
        of_metric = [one for one in filters.values() if one["MetricTransformations"][0]["MetricName"] == metric]
        assert {one["FilterPattern"] for one in of_metric} == {f'{{ $.message = "{words}" }}'}
        assert {reading.logical_name(one["LogGroupName"]) for one in of_metric} == logs
        alarm = alarms[f"Sms{metric}Alarm"]
        spaces = {one["MetricTransformations"][0]["MetricNamespace"]["Fn::Sub"] for one in of_metric}
        assert (alarm["MetricName"], {alarm["Namespace"]["Fn::Sub"]}, alarm["Threshold"]) == (metric, spaces, most)


def test_the_monthly_spend_of_sms_is_limited_by_a_parameter_of_production(template: Template) -> None:
    schedule = template["Resources"]["SmsSpendLimit"]
    target = schedule["Properties"]["Target"]
    # The setting is the account's: a second stage beside production would take production's limit back each day.
    assert schedule["Condition"] == template["Resources"]["SmsSpendLimitRole"]["Condition"] == "IsProd"
    assert template["Resources"]["SmsSpendAlarm"]["Condition"] == "IsProd"
    assert target["Arn"]["Fn::Sub"].endswith(":scheduler:::aws-sdk:sns:setSMSAttributes")
    asked = json.loads(target["Input"]["Fn::Sub"].replace("${SmsMonthlySpendLimit}", "500"))
    assert asked == {"Attributes": {"MonthlySpendLimit": "500"}}
    assert template["Parameters"]["SmsMonthlySpendLimit"]["MinValue"] == 1


def test_two_files_that_use_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text("Resources:\n  Table:\n    Type: AWS::DynamoDB::Table\n")
    with pytest.raises(ValueError, match=r"two\.yaml repeats names of Resources: Table"):
        resources.load(tmp_path)


def test_a_name_that_is_repeated_in_one_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("Resources:\n  Table: {Type: a}\n  Table: {Type: b}\n")
    with pytest.raises(ValueError, match="repeated"):
        resources.load(tmp_path)


def test_short_tags_are_read_in_their_long_form(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(
        "Outputs:\n"
        '  A: {Value: !GetAtt Bus.Arn, Other: !Ref Table, Third: !If [IsLocal, 1, !Sub "x-${Stage}"]}\n'
        "Conditions:\n  B: !Not [!Condition IsLocal]\n"
    )
    loaded = resources.load(tmp_path)
    assert loaded["Outputs"]["A"] == {
        "Value": {"Fn::GetAtt": ["Bus", "Arn"]},
        "Other": {"Ref": "Table"},
        "Third": {"Fn::If": ["IsLocal", 1, {"Fn::Sub": "x-${Stage}"}]},
    }
    assert loaded["Conditions"]["B"] == {"Fn::Not": [{"Condition": "IsLocal"}]}


def _buckets_of(rule: dict[str, Any]) -> list[Any]:
    names: list[Any] = rule.get("EventPattern", {}).get("detail", {}).get("bucket", {}).get("name", [])
    return names
