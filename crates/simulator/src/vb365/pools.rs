//! Pools of backup proxies (v8).

use serde_json::Value;

use super::desk::{Answered, Desk, Refusal, conflict, invalid};
use super::shape::{ALL, Object, string};
use super::tables::{POOL, PROXY_REFERENCE};
use crate::message::Answer;

impl Desk<'_> {
    pub(super) fn pool_id(&self) -> Result<String, Refusal> {
        let id = self.id(0);
        self.state.pools.get(&id).ok_or(Refusal::Unknown("proxy pool"))?;
        Ok(id)
    }

    fn pool_view(&self, pool: &Object) -> Object {
        let id = string(pool, "id");
        let mut shown = pool.clone();
        let links = self.links([("self", format!("ProxyPools/{id}")), ("proxies", format!("ProxyPools/{id}/proxies"))]);
        shown.insert("_links".to_owned(), links);
        shown
    }

    pub(super) fn pools(&self) -> Answered {
        self.list(ALL, POOL, self.state.pools.iter(), |pool| self.pool_view(pool))
    }

    pub(super) fn one_pool(&self) -> Answered {
        let pool = self.state.pools.get(&self.id(0)).ok_or(Refusal::Unknown("proxy pool"))?;
        self.one(POOL, self.pool_view(pool))
    }

    /// The proxies that a body names: they have to be there, in no other pool and without repositories of their own.
    fn members(&self, pool: &str, named: &[&Object]) -> Result<Vec<String>, Refusal> {
        let mut ids = Vec::new();
        for id in named.iter().map(|named| string(named, "proxyId")) {
            let proxy = self.state.proxies.get(id).ok_or(Refusal::Unknown("backup proxy"))?;
            let of = string(proxy, "proxyPoolId");
            if !of.is_empty() && of != pool {
                return Err(conflict("a proxy belongs to another pool"));
            }
            if self.state.repositories.all.iter().any(|found| found.proxy.as_deref() == Some(id)) {
                return Err(conflict("a proxy owns repositories"));
            }
            ids.push(id.to_owned());
        }
        Ok(ids)
    }

    fn put_into(&mut self, pool: &str, proxies: &[String]) {
        for proxy in proxies {
            if let Some(proxy) = self.state.proxies.get_mut(proxy) {
                proxy.insert("proxyPoolId".to_owned(), pool.into());
            }
        }
    }

    fn take_out(&mut self, pool: &str, but: &[String]) {
        for proxy in self.state.proxies.iter_mut() {
            if string(proxy, "proxyPoolId") == pool && !but.iter().any(|id| id == string(proxy, "id")) {
                proxy.remove("proxyPoolId");
            }
        }
    }

    fn owns(&self, pool: &str) -> bool {
        self.state.repositories.all.iter().any(|found| found.pool.as_deref() == Some(pool))
    }

    /// Makes a pool, or gives one other settings and proxies.
    fn settle_pool(&mut self, id: &str) -> Result<Object, Refusal> {
        let mut pool = self.body(POOL, true)?;
        let named = pool.remove("proxyIds");
        let named: Vec<&Object> =
            named.iter().flat_map(|ids| ids.as_array().into_iter().flatten()).filter_map(Value::as_object).collect();
        let name = string(&pool, "name").to_owned();
        if name.is_empty() {
            return Err(invalid("name is empty"));
        }
        let same = |found: &&Object| string(found, "id") != id && string(found, "name").eq_ignore_ascii_case(&name);
        if self.state.pools.iter().any(|found| same(&found)) {
            return Err(conflict("another pool has this name"));
        }
        let members = self.members(id, &named)?;
        if members.is_empty() && self.owns(id) {
            return Err(conflict("the pool owns repositories and needs a proxy"));
        }
        pool.insert("id".to_owned(), id.into());
        self.take_out(id, &members);
        self.put_into(id, &members);
        self.state.pools.keep(id, pool.clone());
        Ok(pool)
    }

    pub(super) fn create_pool(&mut self) -> Answered {
        let id = self.state.uuid();
        let pool = self.settle_pool(&id)?;
        self.made(POOL, self.pool_view(&pool))
    }

    pub(super) fn change_pool(&mut self) -> Answered {
        let id = self.pool_id()?;
        self.settle_pool(&id)?;
        Ok(Answer::empty(204))
    }

    pub(super) fn delete_pool(&mut self) -> Answered {
        let id = self.pool_id()?;
        if self.owns(&id) {
            return Err(conflict("the pool owns repositories"));
        }
        self.take_out(&id, &[]);
        self.state.pools.remove(&id);
        Ok(Answer::empty(204))
    }

    pub(super) fn add_to_pool(&mut self) -> Answered {
        let id = self.pool_id()?;
        let named = self.body_list(PROXY_REFERENCE)?;
        let members = self.members(&id, &named.iter().collect::<Vec<_>>())?;
        self.put_into(&id, &members);
        Ok(Answer::empty(204))
    }

    pub(super) fn remove_from_pool(&mut self) -> Answered {
        let id = self.pool_id()?;
        let named = self.body_list(PROXY_REFERENCE)?;
        let inside = |proxy: &Object| string(proxy, "proxyPoolId") == id;
        for named in &named {
            let proxy = self.state.proxies.get(string(named, "proxyId")).filter(|proxy| inside(proxy));
            proxy.ok_or(Refusal::Unknown("backup proxy"))?;
        }
        let leaves = |proxy: &Object| named.iter().any(|named| string(named, "proxyId") == string(proxy, "id"));
        let stay: Vec<String> = self
            .state
            .proxies
            .iter()
            .filter(|proxy| inside(proxy) && !leaves(proxy))
            .map(|proxy| string(proxy, "id").to_owned())
            .collect();
        if stay.is_empty() && self.owns(&id) {
            return Err(conflict("the pool owns repositories and needs a proxy"));
        }
        self.take_out(&id, &stay);
        Ok(Answer::empty(204))
    }
}
