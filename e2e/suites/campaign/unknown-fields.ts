/**
 * Fields of a document that a schema does not know. The schema of Kubernetes allows unknown ones, and so a misspelt field
 * is dropped without a word. The compiled validator reads each field that it knows: those that it never read are the others.
 */
export function unknownFields(document: unknown, validate: (data: unknown) => unknown): string[] {
  const read = new Set<string>();
  validate(watched(document, '', read));
  return pathsOf(document, '').filter((path) => !read.has(path));
}

function watched(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const inner: unknown = Reflect.get(target, key);
      if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return inner;
      read.add(`${path}/${key}`);
      return watched(inner, `${path}/${key}`, read);
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [`${path}/${key}`, ...pathsOf(inner, `${path}/${key}`)]);
}
