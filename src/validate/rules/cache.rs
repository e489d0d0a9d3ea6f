//! A Redis cluster of ElastiCache.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// `E3026`: a replication group in cluster mode without automatic failover, or with one node. Source: "Replication:
/// Redis OSS cluster mode disabled vs. enabled" in the Amazon ElastiCache User Guide.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::ElastiCache::ReplicationGroup") {
        for group in document.of_type("AWS::ElastiCache::ParameterGroup") {
            for [replication, parameters] in document.together([resource, group]) {
                let Some(name) = replication.get("CacheParameterGroupName") else { continue };
                if name.target().is_none_or(|it| it.name != group.id) {
                    continue;
                }
                let enabled = parameters.at(&["Properties", "cluster-enabled"]);
                let is_yes = |it: &Value<'t>| matches!(it.text().as_deref(), Some("yes" | "true"));
                if let Some(enabled) = enabled.filter(is_yes) {
                    check_cluster(&replication, enabled, report);
                }
            }
        }
    }
}

fn check_cluster<'t>(group: &Value<'t>, enabled: Value<'t>, report: &mut Report<'t>) {
    const WHY: &str = "this makes it a cluster";
    if let Some(failover) = group.get("AutomaticFailoverEnabled").filter(|it| it.boolean() == Some(false)) {
        let found = Found::error("E3026", failover, "a cluster cannot do without automatic failover");
        report.add(found.help("take `AutomaticFailoverEnabled` out, or set it to `true`").and(enabled, WHY));
    }
    let shards = ["NumNodeGroups", "NodeGroupConfiguration", "ReplicasPerNodeGroup"];
    if shards.iter().any(|it| !group.lacks(it)) {
        return;
    }
    let nodes = group.get("NumCacheClusters");
    let found = match nodes {
        Some(nodes) if nodes.integer().is_some_and(|it| it <= 1) => {
            Found::error("E3026", nodes, "a cluster needs more than one node")
        }
        None => Found::error(
            "E3026",
            group.key("NumCacheClusters"),
            "nothing says how many nodes the cluster has",
        ),
        Some(_) => return,
    };
    report.add(found.help("set `NumNodeGroups`, or `NumCacheClusters` to 2 or more").and(enabled, WHY));
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_cluster_fails_over_and_has_nodes() {
        let template = "\
Parameters: {P: {Type: String}}
Conditions: {C: !Equals [!Ref P, a]}
Resources:
  Cluster: {Type: AWS::ElastiCache::ParameterGroup, Properties: {Properties: {cluster-enabled: 'yes'}}}
  Single: {Type: AWS::ElastiCache::ParameterGroup, Properties: {Properties: {cluster-enabled: 'no'}}}
  A:
    Type: AWS::ElastiCache::ReplicationGroup
    Properties:
      CacheParameterGroupName: !If [C, !Ref Cluster, !Ref Single]
      AutomaticFailoverEnabled: !If [C, false, true]
      NumCacheClusters: 1
  B: {Type: AWS::ElastiCache::ReplicationGroup, Properties: {CacheParameterGroupName: !Ref Cluster}}
  C:
    Type: AWS::ElastiCache::ReplicationGroup
    Properties: {CacheParameterGroupName: !Ref Cluster, NumNodeGroups: 2}
";
        let expected = "\
error E3026 Resources/A/Properties/AutomaticFailoverEnabled/Fn::If/1 10:41: a cluster cannot do without automatic failover
  take `AutomaticFailoverEnabled` out, or set it to `true`
error E3026 Resources/A/Properties/NumCacheClusters 11:25: a cluster needs more than one node
  set `NumNodeGroups`, or `NumCacheClusters` to 2 or more
error E3026 Resources/B/Properties/NumCacheClusters 12:49: nothing says how many nodes the cluster has
  set `NumNodeGroups`, or `NumCacheClusters` to 2 or more
";
        assert_eq!(check(super::check, template), expected);
    }
}
