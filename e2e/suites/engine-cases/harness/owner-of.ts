/** Prints `uid:gid` of each path given, as a JSON array. Runs beside the service. */
import { statSync } from 'node:fs';

const owners = process.argv.slice(2).map((path) => {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
});
console.log(JSON.stringify(owners));
