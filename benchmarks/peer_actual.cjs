// For peers.py: imports a CSV file with rules into Actual Budget and prints the seconds as JSON.
//   cd FOLDER_WITH_node_modules && node peer_actual.cjs FILE.json DATA_FOLDER
const fs = require("node:fs");
const api = require(require.resolve("@actual-app/api", { paths: [process.cwd()] }));

const [, , input, dataDir] = process.argv;
const print = console.log;
console.log = () => {};

async function main() {
  const { rules, lines } = JSON.parse(fs.readFileSync(input));
  await api.init({ dataDir, verbose: false });
  let account;
  const categories = {};
  await api.runImport("bench", async () => {
    account = await api.createAccount({ name: "Everyday", type: "checking" }, 0);
    const group = await api.createCategoryGroup({ name: "Spending" });
    for (const name of new Set(rules.map((rule) => rule[1]))) {
      categories[name] = await api.createCategory({ name, group_id: group });
    }
  });
  for (const [value, name] of rules) {
    await api.createRule({
      stage: null,
      conditionsOp: "and",
      conditions: [{ field: "imported_payee", op: "contains", value }],
      actions: [{ op: "set", field: "category", value: categories[name] }],
    });
  }
  const rows = lines.map(([date, text, cents]) => ({
    date,
    payee_name: text,
    imported_payee: text,
    amount: cents,
  }));
  const begun = process.hrtime.bigint();
  const { added } = await api.importTransactions(account, rows);
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  await api.shutdown();
  print(JSON.stringify({ added: added.length, seconds, cpu: process.cpuUsage().user / 1e6 }));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
