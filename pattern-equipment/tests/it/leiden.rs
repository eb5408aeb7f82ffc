use pattern_equipment::clustering::leiden::{cpm_quality, leiden_cpm};
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeMap;

type Edge = (u32, u32, f32);

/// Whether every community can be walked within itself.
fn connected(nodes: usize, edges: &[Edge], community: &[u32]) -> bool {
    let mut root: Vec<usize> = (0..nodes).collect();
    fn find(root: &mut [usize], mut node: usize) -> usize {
        while root[node] != node {
            root[node] = root[root[node]];
            node = root[node];
        }
        node
    }
    for &(a, b, weight) in edges {
        if weight > 0.0 && community[a as usize] == community[b as usize] {
            let (a, b) = (find(&mut root, a as usize), find(&mut root, b as usize));
            root[a] = b;
        }
    }
    let mut root_of = BTreeMap::new();
    (0..nodes).all(|node| {
        let root = find(&mut root, node);
        *root_of.entry(community[node]).or_insert(root) == root
    })
}

fn graph() -> impl Strategy<Value = (usize, Vec<Edge>)> {
    (2..60_usize).prop_flat_map(|nodes| {
        let node = 0..nodes as u32;
        (Just(nodes), vec((node.clone(), node, -0.5..1.0_f32), 0..200))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn communities_are_connected_and_better_than_none(
        (nodes, edges) in graph(), resolution in 0.01..0.9_f64, seed in any::<u64>()
    ) {
        let community = leiden_cpm(nodes, &edges, resolution, seed);
        prop_assert_eq!(community.len(), nodes);
        prop_assert!(connected(nodes, &edges, &community), "{community:?}");
        // Everybody alone has quality 0.
        prop_assert!(cpm_quality(&edges, &community, resolution) >= -1e-9);
        prop_assert_eq!(&leiden_cpm(nodes, &edges, resolution, seed), &community);
        // Numbered by first occurrence, without holes.
        let mut next = 0;
        for c in community {
            prop_assert!(c <= next);
            next = next.max(c + 1);
        }
    }

    #[test]
    fn no_single_move_improves_the_result((nodes, edges) in graph(), resolution in 0.05..0.9_f64) {
        let community = leiden_cpm(nodes, &edges, resolution, 1);
        let reached = cpm_quality(&edges, &community, resolution);
        let communities = community.iter().max().map_or(0, |c| c + 1);
        for node in 0..nodes {
            // The one beyond the last is a community of its own.
            for target in 0..=communities {
                let mut moved = community.clone();
                moved[node] = target;
                prop_assert!(cpm_quality(&edges, &moved, resolution) <= reached + 1e-6, "node {node} to {target}");
            }
        }
    }
}

#[test]
fn two_cliques_on_a_bridge_are_two_communities() {
    let mut edges: Vec<Edge> = vec![(0, 5, 1.0)];
    for first in [0, 5] {
        for a in first..first + 5 {
            edges.extend((a + 1..first + 5).map(|b| (a, b, 1.0)));
        }
    }
    assert_eq!(leiden_cpm(10, &edges, 0.3, 42), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
}

#[test]
fn nodes_without_edges_stay_alone_and_an_empty_graph_is_fine() {
    assert_eq!(leiden_cpm(3, &[(0, 2, 1.0), (1, 1, 5.0)], 0.2, 0), [0, 1, 0]);
    assert!(leiden_cpm(0, &[], 0.2, 0).is_empty());
}

#[test]
fn small_groups_survive_in_a_large_graph() {
    // A ring of 2 000 triangles: what modularity melts together.
    let edges: Vec<Edge> = (0..2000_u32)
        .flat_map(|t| {
            let (a, b, c, next) = (3 * t, 3 * t + 1, 3 * t + 2, (3 * t + 3) % 6000);
            [(a, b, 1.0), (b, c, 1.0), (a, c, 1.0), (c, next, 0.5)]
        })
        .collect();
    let community = leiden_cpm(6000, &edges, 0.4, 9);
    assert!((0..6000).all(|node| community[node] == (node / 3) as u32));
}
