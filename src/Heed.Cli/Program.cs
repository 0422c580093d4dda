Console.Error.WriteLine("heed: not built yet");
return 1;
