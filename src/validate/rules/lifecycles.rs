//! After how many days something is moved or deleted.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// `E3061`: an archive tier of Amazon S3 after fewer days than it takes. `E3504`: a backup that is deleted less than
/// 90 days after it was moved to cold storage. Source: "S3 Intelligent-Tiering" in the Amazon S3 User Guide, and
/// `LifecycleResourceType` of `AWS::Backup::BackupPlan` in the CloudFormation User Guide.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::S3::Bucket") {
        for bucket in document.views(resource) {
            for tier in bucket.all_at("IntelligentTieringConfigurations/*/Tierings/*") {
                check_tier(&tier, report);
            }
        }
    }
    for resource in document.of_type("AWS::Backup::BackupPlan") {
        for plan in document.views(resource) {
            let paths = [
                "BackupPlan/BackupPlanRule/*/Lifecycle",
                "BackupPlan/BackupPlanRule/*/CopyActions/*/Lifecycle",
            ];
            for lifecycle in paths.iter().flat_map(|it| plan.all_at(it)) {
                check_backup(&lifecycle, report);
            }
        }
    }
}

fn check_tier<'t>(tier: &Value<'t>, report: &mut Report<'t>) {
    const MOST: i64 = 730;
    let (Some(name), Some(days)) = (tier.get("AccessTier"), tier.get("Days")) else { return };
    let (Some(text), Some(number)) = (name.text(), days.integer()) else { return };
    let least = match &*text {
        "ARCHIVE_ACCESS" => 90,
        "DEEP_ARCHIVE_ACCESS" => 180,
        _ => return,
    };
    if !(least..=MOST).contains(&number) {
        let message = format!("`{text}` cannot be after {number} days");
        let found = Found::error("E3061", days, message);
        report.add(found.help(format!("use {least} to {MOST} days")).and(name, "the tier"));
    }
}

fn check_backup<'t>(lifecycle: &Value<'t>, report: &mut Report<'t>) {
    const LEAST: i64 = 90;
    let (deleted, moved) = (lifecycle.get("DeleteAfterDays"), lifecycle.get("MoveToColdStorageAfterDays"));
    let (Some(deleted), Some(moved)) = (deleted, moved) else { return };
    if let (Some(end), Some(start)) = (deleted.integer(), moved.integer())
        && end - start < LEAST
    {
        let message = format!("what is in cold storage from day {start} cannot be deleted on day {end}");
        let found = Found::error("E3504", deleted, message);
        report.add(
            found.help(format!("use {} days or more", start + LEAST)).and(moved, "moved to cold storage"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn tiers_begin_late_enough() {
        let template = "\
Resources:
  A:
    Type: AWS::S3::Bucket
    Properties:
      IntelligentTieringConfigurations:
        - Tierings:
            - {AccessTier: ARCHIVE_ACCESS, Days: 89}
            - {AccessTier: DEEP_ARCHIVE_ACCESS, Days: '180'}
            - {AccessTier: DEEP_ARCHIVE_ACCESS, Days: 731}
";
        let expected = "\
error E3061 Resources/A/Properties/IntelligentTieringConfigurations/0/Tierings/0/Days 7:50: `ARCHIVE_ACCESS` cannot be after 89 days
  use 90 to 730 days
error E3061 Resources/A/Properties/IntelligentTieringConfigurations/0/Tierings/2/Days 9:55: `DEEP_ARCHIVE_ACCESS` cannot be after 731 days
  use 180 to 730 days
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn cold_backups_are_kept() {
        let template = "\
Resources:
  A:
    Type: AWS::Backup::BackupPlan
    Properties:
      BackupPlan:
        BackupPlanRule:
          - Lifecycle: {DeleteAfterDays: 100, MoveToColdStorageAfterDays: 10}
            CopyActions: [{Lifecycle: {DeleteAfterDays: 99, MoveToColdStorageAfterDays: 10}}]
";
        let expected = "\
error E3504 Resources/A/Properties/BackupPlan/BackupPlanRule/0/CopyActions/0/Lifecycle/DeleteAfterDays 8:57: what is in cold storage from day 10 cannot be deleted on day 99
  use 100 days or more
";
        assert_eq!(check(super::check, template), expected);
    }
}
