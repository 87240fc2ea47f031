// Answers questions of the Python tests with npm packages that nobody here wrote.
//
// One JSON object a line on standard input, one on standard output: {"do": NAME, ...} in; {"ok": VALUE} or
// {"error": TEXT} out. Packages are found from the folder named in the first argument, since this file lies
// outside it. Nothing is fetched: documents are given with "documents", and fetch() refuses.

import {createInterface} from 'node:readline';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {join} from 'node:path';

globalThis.fetch = async url => {
  throw new Error(`No network in this test: ${url}`);
};
// Libraries print diagnostics; standard output is for answers only.
console.log = console.error;

const folder = process.argv[2];
const resolver = createRequire(join(folder, 'package.json'));
const load = async name => import(pathToFileURL(esm(name)).href);

// The folder's own resolver, asked for the "import" condition of an ES module.
function esm(name) {
  const path = join(folder, 'node_modules', name);
  const {exports, module, main} = resolver(join(path, 'package.json'));
  const entry = typeof exports === 'string' ? exports : exports?.['.'] ?? exports;
  const file = typeof entry === 'string' ? entry : entry?.import ?? entry?.default ?? module ?? main;
  return join(path, typeof file === 'string' ? file : file.default);
}

const vc = await load('@digitalbazaar/vc');
const {DataIntegrityProof} = await load('@digitalbazaar/data-integrity');
const rdfc = await load('@digitalbazaar/eddsa-rdfc-2022-cryptosuite');
const jcs = await load('@digitalbazaar/eddsa-jcs-2022-cryptosuite');
const Ed25519Multikey = await load('@digitalbazaar/ed25519-multikey');
const bitstring = await load('@digitalbazaar/vc-bitstring-status-list');
const {default: jsigs} = await load('jsonld-signatures');

const documents = new Map();

async function documentLoader(url) {
  // A key is found inside its DID document, as a resolver that dereferences fragments would give it.
  const found = documents.get(url) ?? method(url);
  if(found === undefined) {
    throw new Error(`This test serves no ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: structuredClone(found)};
}

function method(url) {
  const owner = documents.get(url.split('#')[0]);
  const key = owner?.verificationMethod?.find(each => each.id === url);
  return key && {'@context': owner['@context'], ...key};
}

function verifying() {
  return [
    new DataIntegrityProof({cryptosuite: rdfc.cryptosuite}),
    new DataIntegrityProof({cryptosuite: jcs.createVerifyCryptosuite()})
  ];
}

async function signing({suite, key, created}) {
  const pair = await Ed25519Multikey.from(key);
  const cryptosuite = suite === 'eddsa-jcs-2022' ? jcs.createSignCryptosuite() : rdfc.cryptosuite;
  return new DataIntegrityProof({signer: pair.signer(), cryptosuite, date: created});
}

// A VerificationError says why only in the errors inside it.
function outcome({verified, error, statusResult}) {
  const reasons = [error, ...(error?.errors ?? []), statusResult?.error].filter(Boolean).map(each => `${each.name}: ${each.message}`);
  return {
    verified,
    reasons,
    status: statusResult?.results?.map(each => [each.credentialStatus?.statusPurpose, each.status])
  };
}

const jobs = {
  documents({documents: given}) {
    for(const [url, document] of Object.entries(given)) {
      documents.set(url, document);
    }
  },
  async issue({credential, ...rest}) {
    return vc.issue({credential, suite: await signing(rest), documentLoader});
  },
  async present({presentation, challenge, domain, ...rest}) {
    return vc.signPresentation({presentation, challenge, domain, suite: await signing(rest), documentLoader});
  },
  async verifyCredential({credential, now}) {
    const checkStatus = options => bitstring.checkStatus({...options, suite: verifying()});
    return outcome(await vc.verifyCredential({credential, suite: verifying(), documentLoader, checkStatus, now}));
  },
  async verifyPresentation({presentation, challenge, domain, now}) {
    const result = await vc.verify({
      presentation, challenge, domain, suite: verifying(), documentLoader, now
    });
    return {
      ...outcome(result),
      presentation: result.presentationResult && outcome(result.presentationResult),
      credentials: result.credentialResults?.map(outcome)
    };
  },
  // Any document with any purpose, for what the vc library itself would refuse to sign.
  async sign({document, purpose, challenge, domain, ...rest}) {
    const {AssertionProofPurpose, AuthenticationProofPurpose} = jsigs.purposes;
    const chosen = purpose === 'authentication' ?
      new AuthenticationProofPurpose({challenge, domain}) : new AssertionProofPurpose();
    return jsigs.sign(document, {purpose: chosen, suite: await signing(rest), documentLoader});
  },
  async statusList({id, length, set, purpose, issuer, ...rest}) {
    const list = await bitstring.createList({length});
    set.forEach(index => list.setStatus(index, true));
    const credential = await bitstring.createCredential({id, list, statusPurpose: purpose});
    return jobs.issue({credential: {...credential, issuer}, ...rest});
  },
  async readStatusList({encodedList, indexes}) {
    const list = await bitstring.decodeList({encodedList});
    return {length: list.length, values: indexes.map(index => list.getStatus(index))};
  },
  async verifierCore({credential}) {
    const core = await load('@digitalcredentials/verifier-core');
    const {log, errors} = await core.verifyCredential({credential, knownDIDRegistries: []});
    return {log: log?.map(({id, valid, error}) => ({id, valid, error: error?.name})), errors: errors?.map(named)};
  },
  async verifierCorePresentation({presentation, challenge}) {
    const core = await load('@digitalcredentials/verifier-core');
    const result = await core.verifyPresentation({presentation, challenge, knownDIDRegistries: []});
    return {
      errors: result.errors?.map(named),
      signature: result.presentationResult?.signature,
      credentials: result.credentialResults?.map(({log, errors}) => ({
        log: log?.map(({id, valid}) => ({id, valid})), errors: errors?.map(named)
      }))
    };
  }
};

const named = ({name, message}) => `${name}: ${typeof message === 'string' ? message : message?.message}`;

for await (const line of createInterface({input: process.stdin})) {
  const {do: name, ...options} = JSON.parse(line);
  let answer;
  try {
    answer = {ok: await jobs[name](options) ?? null};
  } catch(error) {
    answer = {error: `${error.name}: ${error.message}`};
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
