//! What an evaluation found, for people and for programs.

use serde::Serialize;
use std::fmt;

use super::{Input, measure::Measures, reviewer::LearningStep};

#[derive(Debug, Serialize)]
pub struct Report {
    pub folder: String,
    pub input: Input,
    pub seed: u64,
    pub points: usize,
    /// The last answer at the other plant; `null` without --transfer-from.
    pub transferred: Option<LearningStep>,
    pub seconds: Seconds,
    /// On the first day: nobody has answered anything.
    #[serde(flatten)]
    pub first_day: Measures,
    /// When the reviewer had answered; `null` without --approvals.
    pub after_approvals: Option<Measures>,
    pub learning_curve: Vec<LearningStep>,
}

#[derive(Debug, Serialize)]
pub struct Seconds {
    pub import: f64,
    pub analysis: f64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Seconds { import, analysis } = self.seconds;
        writeln!(
            f,
            "{}: {} points, imported in {import:.1} s, analysed in {analysis:.1} s",
            self.folder, self.points
        )?;
        match &self.transferred {
            None => writeln!(f, "\non the first day")?,
            Some(LearningStep { approvals, labels, .. }) => writeln!(
                f,
                "\non the first day, after {approvals} answers at the other plant, which confirmed the roles of {labels} points"
            )?,
        }
        measures(f, &self.first_day)?;
        if let (Some(after), Some(last)) = (&self.after_approvals, self.learning_curve.last()) {
            writeln!(
                f,
                "\nafter {} answers, which confirmed the roles of {} points",
                last.approvals, last.labels
            )?;
            measures(f, after)?;
            writeln!(f, "\n  answers  confirmed  role accuracy  grouping ARI")?;
            for step in &self.learning_curve {
                let LearningStep { approvals, labels, role_accuracy, grouping_ari } = step;
                writeln!(
                    f,
                    "  {approvals:7}  {labels:9}  {:>13}  {grouping_ari:12.3}",
                    number(*role_accuracy)
                )?;
            }
        }
        Ok(())
    }
}

fn measures(f: &mut fmt::Formatter, m: &Measures) -> fmt::Result {
    let g = &m.grouping;
    writeln!(
        f,
        "  grouping     ARI {:.3}, NMI {:.3}, pair precision {:.3}, pair recall {:.3}, coverage {:.3} ({} clusters, {} equipment)",
        g.ari, g.nmi, g.pair_precision, g.pair_recall, g.coverage, g.clusters, g.equipment
    )?;
    let t = &m.typing;
    writeln!(
        f,
        "  typing       top 1 {}, top 3 {}, coverage {} ({} equipment of types that the library knows)",
        number(t.top1),
        number(t.top3),
        number(t.coverage),
        t.equipment
    )?;
    let r = &m.roles;
    writeln!(
        f,
        "  roles        accuracy {}, coverage {} ({} points)",
        number(r.accuracy),
        number(r.coverage),
        r.points
    )?;
    let c = &m.calibration;
    writeln!(
        f,
        "  calibration  ECE {}, Brier {} ({} proposals)",
        number(c.ece),
        number(c.brier),
        c.proposals
    )?;
    let s = &m.suggestions;
    writeln!(
        f,
        "  suggestions  {} at or above {:.2}, {:.2} per cluster, precision {}",
        s.count,
        s.threshold,
        s.per_cluster,
        number(s.precision)
    )
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.3}"))
}
