//! What the OpenAPI document says of all routes alike, in one place.

use std::collections::BTreeMap;
use utoipa::openapi::{
    AllOf, Content, Object, OneOf, OpenApi, Ref, RefOr, Required, Response, Schema,
    path::Operation,
    schema::{SchemaType, Type},
};

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";

const OF_ALL: [(&str, &str); 7] = [
    ("400", "The request makes no sense"),
    ("401", "Who asks has to prove who he is, and does not"),
    ("403", "Who asks may not do this, or pages of this origin may not"),
    ("421", "The request is for another host"),
    ("429", "Too many requests; Retry-After says when to come back"),
    ("500", "The request failed"),
    ("503", "Not now: there is no room, or the database is away"),
];
const OF_INPUT: [(&str, &str); 1] = [("422", "The request cannot be done as it is")];
const OF_BODIES: [(&str, &str); 2] =
    [("408", "The body did not come in time"), ("413", "The body is larger than this route takes")];

/// What a route answers, where it does not say so itself.
const OTHERWISE: [(&str, &str); 7] = [
    ("200", "As asked"),
    ("201", "Made"),
    ("202", "Taken; it is done later"),
    ("404", "There is none of this id or name"),
    ("409", "It is no longer as the request takes it to be"),
    ("422", "The request cannot be done as it is"),
    ("503", "Not ready"),
];
/// Parameters that mean the same everywhere.
const PARAMETERS: [(&str, &str); 3] = [
    ("id", "As lists give it"),
    ("name", "Name of a job, or `flywheel` for the chain of analyses"),
    ("cursor", "`next_cursor` of the page before"),
];

pub fn complete(openapi: &mut OpenApi) {
    let known = openapi.components.as_ref().map(|components| components.schemas.clone()).unwrap_or_default();
    for item in openapi.paths.paths.values_mut() {
        for operation in item.get.iter_mut().chain(&mut item.post) {
            problems_are_problems(operation);
            add(operation, &OF_ALL);
            needs_no_empty_body(operation, &known);
            let has_body = operation.request_body.is_some();
            if has_body || operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty()) {
                add(operation, &OF_INPUT);
            }
            if has_body {
                add(operation, &OF_BODIES);
            }
            describe(operation);
        }
    }
    if let Some(components) = &mut openapi.components {
        for schema in components.schemas.values_mut() {
            flatten(schema, &known);
        }
    }
}

fn problem() -> RefOr<Content> {
    RefOr::T(Content::new(Some(Ref::from_schema_name("Problem"))))
}

fn is_problem(content: &RefOr<Content>) -> bool {
    let RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) = content else { return false };
    schema.ref_location.ends_with("/Problem")
}

fn problems_are_problems(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.content.get(JSON).is_some_and(is_problem)
        {
            response.content = [(PROBLEM_JSON.to_owned(), problem())].into_iter().collect();
        }
    }
}

fn add(operation: &mut Operation, answers: &[(&str, &str)]) {
    for (status, description) in answers {
        let response = operation.responses.responses.entry((*status).to_owned());
        let response = response.or_insert_with(|| RefOr::T(Response::new(*description)));
        if let RefOr::T(response) = response {
            response.content.entry(PROBLEM_JSON.to_owned()).or_insert_with(problem);
        }
    }
}

fn describe(operation: &mut Operation) {
    let words = |known: &[(&str, &str)], name: &str| {
        known.iter().find(|(one, _)| *one == name).map(|(_, words)| (*words).to_owned())
    };
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = words(&OTHERWISE, status).or(words(&OF_ALL, status)).unwrap_or_default();
        }
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.description.is_none()
        {
            parameter.description = words(&PARAMETERS, &parameter.name);
        }
    }
}

/// An empty body counts as an empty object.
fn needs_no_empty_body(operation: &mut Operation, known: &Known) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let Some(RefOr::T(Content { schema: Some(RefOr::Ref(name)), .. })) = body.content.get(JSON) else {
        return;
    };
    let name = name.ref_location.rsplit('/').next().unwrap_or_default();
    if let Some(RefOr::T(Schema::Object(object))) = known.get(name)
        && object.required.is_empty()
    {
        body.required = Some(Required::False);
    }
}

type Known = BTreeMap<String, RefOr<Schema>>;

/// What serde flattens is one object: as parts of which each must fit, those that allow no other fields would
/// refuse each other's.
fn flatten(schema: &mut RefOr<Schema>, known: &Known) {
    match schema {
        RefOr::T(Schema::AllOf(parts)) => {
            let mut whole = Object::builder().schema_type(SchemaType::new(Type::Object)).build();
            whole.description = parts.description.clone();
            if parts.items.iter().all(|part| merge(&mut whole, part, known, true)) {
                *schema = RefOr::T(Schema::Object(whole));
            }
        }
        RefOr::T(Schema::OneOf(OneOf { items, .. })) => {
            items.iter_mut().for_each(|item| flatten(item, known))
        }
        _ => {}
    }
}

/// Answers whether `part` is an object, which then is in `whole`.
fn merge(whole: &mut Object, part: &RefOr<Schema>, known: &Known, required: bool) -> bool {
    match part {
        RefOr::Ref(name) => {
            let name = name.ref_location.rsplit('/').next().unwrap_or_default();
            known.get(name).is_some_and(|part| merge(whole, part, known, required))
        }
        RefOr::T(Schema::Object(object)) => {
            whole.properties.extend(object.properties.clone());
            if required {
                whole.required.extend(object.required.clone());
            }
            if object.additional_properties.is_some() {
                whole.additional_properties.clone_from(&object.additional_properties);
            }
            true
        }
        RefOr::T(Schema::AllOf(AllOf { items, .. })) => {
            items.iter().all(|item| merge(whole, item, known, required))
        }
        // Flattened where there is one.
        RefOr::T(Schema::OneOf(OneOf { items, .. })) => match items.as_slice() {
            [part, nothing] if is_null(nothing) => merge(whole, part, known, false),
            _ => false,
        },
        RefOr::T(_) => false,
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::new(Type::Null))
}
