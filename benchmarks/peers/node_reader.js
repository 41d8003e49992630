// Makes one npm library read a file and prints its processor time:
//     node benchmarks/peers/node_reader.js PEER FILE ROUNDS
"use strict";

const fs = require("node:fs");

const readers = {
  // Strict mode: the library raises what it finds wrong in the envelopes and counts.
  "node-x12": async (path) => {
    const { X12Parser } = require("node-x12");
    const interchange = new X12Parser(true).parse(fs.readFileSync(path, "latin1"));
    return interchange.functionalGroups.length;
  },
  // Cuts segments from a stream.
  "x12-parser": async (path) => {
    const { X12parser } = require("x12-parser");
    let segments = 0;
    for await (const segment of fs.createReadStream(path).pipe(new X12parser())) {
      segments += segment ? 1 : 0;
    }
    return segments;
  },
};

async function main() {
  const [peer, path, rounds] = process.argv.slice(2);
  let best = Infinity;
  let result = 0;
  for (let round = 0; round < Number(rounds); round += 1) {
    const began = process.cpuUsage();
    result = await readers[peer](path);
    const used = process.cpuUsage(began);
    best = Math.min(best, (used.user + used.system) / 1e6);
  }
  console.log(JSON.stringify({ seconds: best, result }));
}

main();
