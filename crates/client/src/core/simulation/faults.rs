//! What the network does to frames that are on their way.

use stonechat_wire::v1::{Frame, frame::Body};

use crate::core::simulation::World;

impl World {
    pub fn lose(&mut self, n: usize) {
        let kept = |frame: &Frame| matches!(frame.body, Some(Body::Position(_) | Body::Poke(_)));
        let at: Vec<_> = (0..self.down.len()).filter(|at| !kept(&self.down[*at])).collect();
        if let Some(at) = at.get(n % at.len().max(1)) {
            let answer = self.down.remove(*at).is_some_and(|frame| frame.id != 0);
            if answer {
                return;
            }
            // No position is said any more on this connection, and one that waits is not of use.
            self.down.retain(|frame| !matches!(frame.body, Some(Body::Position(_))));
            self.server.lossy = true;
        }
    }

    pub fn duplicate(&mut self, n: usize) {
        if self.down.is_empty() {
            return;
        }
        let at = n % self.down.len();
        let frame = self.down[at].clone();
        if !matches!(frame.body, Some(Body::Position(_) | Body::Poke(_))) {
            let to = (at + 1 + n % 3).min(self.down.len());
            self.down.insert(to, frame);
        }
    }

    pub fn swap(&mut self, n: usize) {
        if self.down.len() < 2 {
            return;
        }
        let at = n % (self.down.len() - 1);
        let fixed = |frame: &Frame| matches!(frame.body, Some(Body::Position(_) | Body::Poke(_)));
        if !fixed(&self.down[at]) && !fixed(&self.down[at + 1]) {
            self.down.swap(at, at + 1);
        }
    }

    pub fn poke(&mut self) {
        if self.server.welcomed && !self.server.poked {
            // The queue of the log is dropped; answers stay.
            self.down.extend(self.server.out.drain(..));
            self.down.retain(|frame| frame.id != 0);
            self.server.poke();
        }
    }
}
