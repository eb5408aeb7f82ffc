//! Which pattern a cluster is: roles assigned one to one at the optimum, scored and calibrated. What a site taught
//! (`memory`) helps to read what its points say (`reading`), and both speak for and against a pattern (`proposal`).

mod features;
mod matcher;
mod memory;
mod proposal;
mod reading;
mod site_calibration;
mod spelled;

pub use features::PointFeatures;
pub use matcher::{Matcher, Reading};
pub use memory::{Family, SiteMemory};
pub use proposal::{PartScores, Proposal, ProposedRole, assign};
pub use site_calibration::{NEWEST_DECISIONS, SiteCalibration};
pub use spelled::spelled_out;
