/** A thread that compares files with their checksums for another one, which waits. */
import { compareFiles, type Files } from "./mod.ts";

const scope = self as unknown as { onmessage: (event: MessageEvent<Files>) => void };

scope.onmessage = ({ data }) => compareFiles(data);
