//! Who may do what: the one place that decides. Whose objects are seen is part of every query; this
//! is about deeds.

use super::ids::TenantId;
use super::person::{Person, PersonState, Role};

/// Somebody who calls, after it was looked up who they are right now.
#[derive(Clone, Debug)]
pub struct Subject {
    pub tenant: TenantId,
    /// `None` before the box has an owner, and for those who have yet to prove who they are.
    pub person: Option<Person>,
    /// Sits at the box's own terminal.
    pub operator: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Speak with companions, keep files, make keys for oneself.
    Live,
    /// Invite, suspend, reset.
    ManagePeople,
    /// Say which models are used, and with whose key.
    ManageConnections,
    /// Make the first owner.
    SetUp,
    /// Make a new recovery code.
    Recover,
    /// Read why something of the engine is not well.
    Inspect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied;

pub fn authorize(subject: &Subject, action: Action) -> Result<(), Denied> {
    let active = subject.person.as_ref().filter(|person| person.state == PersonState::Active);
    let owner = active.is_some_and(|person| person.role == Role::Owner);
    let allowed = match action {
        Action::Live => active.is_some(),
        Action::ManagePeople | Action::ManageConnections | Action::Inspect => owner || subject.operator,
        Action::SetUp | Action::Recover => subject.operator,
    };
    if allowed { Ok(()) } else { Err(Denied) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PersonId;
    use crate::domain::time::Timestamp;
    use uuid::Uuid;

    fn subject(role: Option<Role>, state: PersonState, operator: bool) -> Subject {
        let tenant = TenantId(Uuid::nil());
        let person = role.map(|role| Person {
            id: PersonId(Uuid::nil()),
            tenant,
            name: "ada".into(),
            role,
            state,
            created_at: Timestamp(0),
        });
        Subject { tenant, person, operator }
    }

    #[test]
    fn every_deed_has_its_doers() {
        use Action::{Inspect, Live, ManageConnections, ManagePeople, Recover, SetUp};
        let all = [Live, ManagePeople, ManageConnections, SetUp, Recover, Inspect];
        let may = |subject: &Subject| -> Vec<Action> {
            all.into_iter().filter(|&action| authorize(subject, action).is_ok()).collect()
        };
        let active = PersonState::Active;
        assert_eq!(may(&subject(None, active, false)), []);
        assert_eq!(may(&subject(Some(Role::Member), active, false)), [Live]);
        let owners = [Live, ManagePeople, ManageConnections, Inspect];
        assert_eq!(may(&subject(Some(Role::Owner), active, false)), owners);
        assert_eq!(may(&subject(Some(Role::Owner), PersonState::Suspended, false)), []);
        assert_eq!(may(&subject(Some(Role::Member), PersonState::Invited, false)), []);
        let operators = [ManagePeople, ManageConnections, SetUp, Recover, Inspect];
        assert_eq!(may(&subject(None, active, true)), operators);
        assert_eq!(may(&subject(Some(Role::Owner), active, true)), all);
    }
}
