using Heed.Stories.Commands;

return await StoriesCommandLine.RunAsync(args);
