namespace Heed.Cli.Tests;
