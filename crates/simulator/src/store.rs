//! What the stores of all vendors share: things kept under ids, changed by what is sent, by tasks when they end, and
//! shown in pages. It knows no vendor.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::course::Course;

/// Things under their ids, in the order in which they were made.
#[derive(Debug)]
pub(crate) struct Store<T> {
    things: BTreeMap<u64, (String, T)>,
    places: HashMap<String, u64>,
    next: u64,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { things: BTreeMap::new(), places: HashMap::new(), next: 0 }
    }
}

impl<T> Store<T> {
    /// Keeps a thing; one that has the id already is replaced at its place and given back.
    pub(crate) fn keep(&mut self, id: impl Into<String>, thing: T) -> Option<T> {
        let id = id.into();
        if let Some(old) = self.get_mut(&id) {
            return Some(std::mem::replace(old, thing));
        }
        self.places.insert(id.clone(), self.next);
        self.things.insert(self.next, (id, thing));
        self.next += 1;
        None
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.things.get(self.places.get(id)?).map(|(_, thing)| thing)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.things.get_mut(self.places.get(id)?).map(|(_, thing)| thing)
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        self.things.remove(&self.places.remove(id)?).map(|(_, thing)| thing)
    }

    /// Removes what does not do.
    pub(crate) fn retain(&mut self, does: impl Fn(&T) -> bool) {
        let places = &mut self.places;
        self.things.retain(|_, (id, thing)| {
            let stays = does(thing);
            if !stays {
                places.remove(id);
            }
            stays
        });
    }

    /// All of them, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.things.values().map(|(_, thing)| thing)
    }

    /// All of them, oldest first, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.things.values_mut().map(|(_, thing)| thing)
    }

    pub(crate) fn len(&self) -> usize {
        self.things.len()
    }
}

/// The part of a list that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

impl Page {
    /// That part.
    pub(crate) fn cut<T>(self, all: impl IntoIterator<Item = T>) -> Vec<T> {
        all.into_iter().skip(self.offset).take(self.limit).collect()
    }
}

/// What tasks are to change when they end. Nothing runs in the background: whoever answers a call asks first what is due.
#[derive(Debug)]
pub(crate) struct Pending<C>(Vec<(String, C)>);

/// A change whose task has ended.
#[derive(Debug)]
pub(crate) struct Due<C> {
    pub(crate) task: String,
    pub(crate) change: C,
    /// When the task ended.
    pub(crate) at: Duration,
    /// The task has done what it should; otherwise what it began has to be taken back.
    pub(crate) done: bool,
}

impl<C> Default for Pending<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C> Pending<C> {
    pub(crate) fn add(&mut self, task: impl Into<String>, change: C) {
        self.0.push((task.into(), change));
    }

    /// Takes the changes of the tasks that have ended by `now`, in the order of their ends; those of tasks that are not
    /// known go unseen.
    pub(crate) fn due<'a>(&mut self, now: Duration, course: impl Fn(&str) -> Option<&'a Course>) -> Vec<Due<C>> {
        let over = |course: &Course| course.end().filter(|end| *end <= now);
        let mut due = Vec::new();
        let (open, ended) = std::mem::take(&mut self.0).into_iter().partition(|(task, _)| {
            let course = course(task);
            course.is_some_and(|course| over(course).is_none())
        });
        self.0 = open;
        let ended: Vec<(String, C)> = ended;
        for (task, change) in ended {
            if let Some(course) = course(&task)
                && let Some(at) = over(course)
            {
                due.push(Due { task, change, at, done: course.has_effect(now) });
            }
        }
        due.sort_by_key(|due| due.at);
        due
    }
}

/// The same data as another type: what was sent becomes what is kept and shown.
///
/// # Errors
///
/// A sentence, when a member does not fit.
pub(crate) fn recast<T: DeserializeOwned>(data: &impl Serialize) -> Result<T, String> {
    let value = serde_json::to_value(data).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// Gives `kept` the members that were sent; those that were left out stay as they are.
///
/// # Errors
///
/// A sentence, when a member does not fit; `kept` is unchanged then.
pub(crate) fn amend<T: Serialize + DeserializeOwned>(kept: &mut T, sent: &impl Serialize) -> Result<(), String> {
    let mut value = serde_json::to_value(&*kept).map_err(|error| error.to_string())?;
    let sent = serde_json::to_value(sent).map_err(|error| error.to_string())?;
    if let (Value::Object(members), Value::Object(sent)) = (&mut value, sent) {
        members.extend(sent.into_iter().filter(|(_, member)| !member.is_null()));
    }
    *kept = serde_json::from_value(value).map_err(|error| error.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Behaviour, Scripted};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn things_keep_their_order_and_are_gone_when_removed() {
        let mut store = Store::default();
        for (id, thing) in [("a", 1), ("b", 2), ("c", 3)] {
            assert_eq!(store.keep(id, thing), None);
        }
        assert_eq!(store.keep("b", 20), Some(2));
        assert_eq!(store.iter().copied().collect::<Vec<_>>(), [1, 20, 3]);
        assert_eq!(
            (store.remove("a"), store.remove("a"), store.has("a"), store.get("c")),
            (Some(1), None, false, Some(&3))
        );
        store.retain(|thing| *thing != 20);
        assert_eq!((store.len(), store.has("b")), (1, false));
        store.keep("a", 4);
        store.iter_mut().for_each(|thing| *thing += 1);
        assert_eq!(Page { limit: 1, offset: 1 }.cut(store.iter()), [&5]);
    }

    #[test]
    fn changes_come_in_the_order_in_which_tasks_end() {
        let lasting =
            |seconds: u32| Course::new(Duration::ZERO, Behaviour::success().lasting(SECOND * seconds), SECOND);
        let courses = HashMap::from([
            ("slow", lasting(5)),
            ("quick", lasting(2)),
            ("failed", Course::new(Duration::ZERO, Behaviour::fail("no").lasting(SECOND * 3), SECOND)),
            ("stuck", Course::new(Duration::ZERO, Behaviour::new(Scripted::StuckAt(50)), SECOND)),
        ]);
        let mut pending = Pending::default();
        for task in ["slow", "stuck", "unknown", "failed", "quick"] {
            pending.add(task, ());
        }
        let mut due = |now| -> Vec<(String, bool)> {
            let due = pending.due(now, |task| courses.get(task));
            due.into_iter().map(|due| (due.task, due.done)).collect()
        };
        assert!(due(SECOND).is_empty());
        let expected = [("quick", true), ("failed", false), ("slow", true)];
        assert_eq!(due(9 * SECOND), expected.map(|(task, done)| (task.to_owned(), done)));
        assert!(due(99 * SECOND).is_empty());
    }

    #[test]
    fn what_is_left_out_stays() {
        let mut kept = serde_json::json!({"name": "a", "size": 1});
        assert_eq!(amend(&mut kept, &serde_json::json!({"name": "b", "size": null})), Ok(()));
        assert_eq!(kept, serde_json::json!({"name": "b", "size": 1}));
        let mut pair: HashMap<String, u8> = HashMap::from([("a".to_owned(), 1)]);
        assert!(amend(&mut pair, &serde_json::json!({"a": "text"})).is_err());
        assert_eq!(pair.get("a"), Some(&1));
        assert_eq!(recast::<HashMap<String, u16>>(&pair).ok().and_then(|map| map.get("a").copied()), Some(1));
    }
}
