#!/bin/sh
':' //; self=$(readlink -f "$0"); exec "${self%/*}/launch.sh" cli.ts "$@"

// A shell runs the line above and is gone. For a Node it is a string and a comment, and what follows is what it runs.
import { launch } from './launch.mjs';

await launch('cli.ts');
